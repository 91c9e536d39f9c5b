"""`python -m calibration` is `mobank calibrate`."""

import runpy
import sys

sys.argv = ["mobank", "calibrate", *sys.argv[1:]]
runpy.run_module("sim", run_name="__main__")
