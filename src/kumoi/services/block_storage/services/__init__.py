"""Services: the hosts that store volumes."""
