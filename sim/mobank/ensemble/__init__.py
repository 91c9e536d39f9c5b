"""Scenario x draws x replicates with common random numbers, and what all replicates together say."""
