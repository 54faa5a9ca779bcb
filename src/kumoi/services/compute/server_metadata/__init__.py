"""Server metadata: the owner's own keys and values, which the guest reads too."""
