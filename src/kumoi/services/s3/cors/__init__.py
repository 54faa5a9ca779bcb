"""Pages of other origins that may use a bucket."""
