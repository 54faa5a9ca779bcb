"""Resource classes: the units of capacity."""
