"""Resource filters: the filters that lists support."""
