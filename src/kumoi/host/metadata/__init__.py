"""What guests may ask about themselves."""
