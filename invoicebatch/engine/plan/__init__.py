"""From a selection to a plan, and the report of its run. Nothing here changes any state."""
