"""Resource classes: what is counted."""
