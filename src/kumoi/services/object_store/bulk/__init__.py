"""Many objects with one request: archives, and lists of what is to go."""
