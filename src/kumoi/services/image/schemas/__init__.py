"""JSON schemas of images and members, for clients that ask."""
