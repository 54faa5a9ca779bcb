"""Server actions: power, locks, and clear refusals of what is not built."""
