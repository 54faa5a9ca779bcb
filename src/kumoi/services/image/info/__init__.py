"""Discovery of this image service's stores and import methods."""
