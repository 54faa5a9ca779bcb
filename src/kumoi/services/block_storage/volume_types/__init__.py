"""Volume types: what kinds of volume there are."""
