"""Resource filters: what lists may be filtered by."""
