"""What keeps the tables of the past short."""
