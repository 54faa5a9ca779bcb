"""Objects under their keys."""
