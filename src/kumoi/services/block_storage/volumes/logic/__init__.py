"""What is allowed with volumes, and what it starts."""
