"""Instance actions: the history of a server, read from its operations."""
