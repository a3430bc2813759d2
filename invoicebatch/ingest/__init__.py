"""Files to frames: readers, column mappings, checks; every refused row is named."""
