"""Images: their attributes, status and visibility."""
