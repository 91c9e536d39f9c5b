"""What the data identify, and whether fits are to be trusted."""
