"""`python -m mobank` is the command `mobank`."""

from mobank.cli import main

main()
