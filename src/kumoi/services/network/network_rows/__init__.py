"""The table of networks, below everything that refers to it."""
