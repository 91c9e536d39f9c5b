"""emcee's ensembles of walkers, their proposals and their diagnostics."""
