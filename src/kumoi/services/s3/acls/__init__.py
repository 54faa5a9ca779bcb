"""Access lists of buckets and objects."""
