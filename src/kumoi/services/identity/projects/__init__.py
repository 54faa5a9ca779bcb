"""Projects, and the domains at the top of their trees: one table."""
