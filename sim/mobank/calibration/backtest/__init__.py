"""Forecasts from every origin of reported series, scored beside simpler methods."""
