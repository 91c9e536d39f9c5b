"""`python -m sim` is the command `mobank`."""

from sim.cli import main

main()
