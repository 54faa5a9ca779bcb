"""The operation that rebuilds a server."""
