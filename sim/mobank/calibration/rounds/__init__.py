"""Forecasts kept until their figures come."""
