"""Services: whether hosts answer, and whether they take new guests."""
