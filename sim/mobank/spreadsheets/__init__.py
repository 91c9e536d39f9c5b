"""Tables that people have, in workbooks and CSV: read with a map, checked, written into a target, given out again."""
