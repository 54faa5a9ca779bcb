"""Security groups as compute showed them until 2.35."""
