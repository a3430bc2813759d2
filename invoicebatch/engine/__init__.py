"""One run: select, evaluate, plan, claim, prepare, commit, publish, deliver, report."""
