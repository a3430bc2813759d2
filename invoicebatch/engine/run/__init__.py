"""The run protocol from a plan to its report: claim, execute, resume, abandon. The only place that commits."""
