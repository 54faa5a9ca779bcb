"""External events: what other services say about a server's devices."""
