"""Scenarios beside one another."""
