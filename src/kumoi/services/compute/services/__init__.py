"""Services: whether hosts answer, and whether they accept new guests."""
