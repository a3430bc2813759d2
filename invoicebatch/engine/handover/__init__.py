"""Messages of a run on their way to the world, each at most once by itself, and what their answers change."""
