"""Metadata: the port through which guests of a network reach 169.254.169.254, and the hosts that serve it."""
