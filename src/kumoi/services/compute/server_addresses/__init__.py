"""Server addresses, by network."""
