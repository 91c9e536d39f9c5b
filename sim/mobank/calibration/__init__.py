"""Calibration: from reported figures to draws that reproduce them, and what the figures do not tell."""
