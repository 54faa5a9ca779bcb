"""Consoles: what a guest says on its serial port, and its screen in a browser."""
