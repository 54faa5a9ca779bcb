"""Networks as compute showed them until 2.35."""
