"""What all rooms stand on: errors, quantities, priors, named random streams, compiled kernels; knows no bank."""
