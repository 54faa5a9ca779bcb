"""Instance actions: what was done to a server, told from its operations."""
