"""What clients may do with servers."""
