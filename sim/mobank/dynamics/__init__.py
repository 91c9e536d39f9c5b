"""One month of any model, whatever the fidelity: hazards to chances, the calendar, shocks, start and books."""
