"""Whether something would find a place."""
