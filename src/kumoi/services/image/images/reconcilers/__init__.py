"""What keeps images, their bytes and their bases together."""
