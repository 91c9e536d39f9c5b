"""Monte Carlo jobs: many scenarios × design points × draws, in units that any worker may compute, into one data set."""
