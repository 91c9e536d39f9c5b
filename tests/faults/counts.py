"""How many members of each kind are generated: `make fuzz` sets MOBANK_FUZZ=10 for ten times as many as CI tries."""

import os

TIMES = int(os.environ.get("MOBANK_FUZZ", "1"))
