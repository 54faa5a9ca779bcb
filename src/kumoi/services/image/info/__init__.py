"""What this image service offers: stores and ways of import."""
