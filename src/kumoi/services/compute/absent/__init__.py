"""What compute has none of."""
