"""What the image service has none of."""
