"""JSON schemas of images and members."""
