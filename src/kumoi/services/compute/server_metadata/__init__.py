"""Server metadata: keys and values of the owner, which the guest can read."""
