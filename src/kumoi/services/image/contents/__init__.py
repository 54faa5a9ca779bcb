"""What bytes an image may have: how many, of which format, signed by whom."""
