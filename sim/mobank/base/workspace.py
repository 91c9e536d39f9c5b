"""Where files are found: the workspace of the person who types, and what the package carries.

Both have one shape: `scenarios/` and `calibration/`, side by side.
"""

from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def shipped() -> Path:
    """Return the root of what the package carries: `mobank/shipped` where it is installed, else the checkout."""
    carried = PACKAGE / "shipped"
    return carried if carried.is_dir() else PACKAGE.parents[1]
