"""Server tags: short words to find servers by."""
