"""One record per person as bit planes, and who knows whom."""
