"""Consoles: the output of a guest's serial port, and its screen in a browser."""
