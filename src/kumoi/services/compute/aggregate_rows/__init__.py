"""The rows of aggregates, which choosing a server's host also reads."""
