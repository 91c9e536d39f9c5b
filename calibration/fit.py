"""The calibration script: `python calibration/fit.py [TARGET ...]` is `mobank calibrate [TARGET ...]`."""

import sys

from mobank.cli import main

if __name__ == "__main__":
    sys.argv = ["mobank", "calibrate", *sys.argv[1:]]
    main()
