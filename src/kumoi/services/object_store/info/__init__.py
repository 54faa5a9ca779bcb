"""Discovery of the object store's features."""
