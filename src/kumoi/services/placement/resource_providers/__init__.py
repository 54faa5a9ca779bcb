"""Resource providers: trees of things with capacity."""
