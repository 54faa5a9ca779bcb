"""Numbers of used and available addresses by network."""
