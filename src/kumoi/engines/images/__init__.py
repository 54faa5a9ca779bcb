"""Where the bytes of images lie, and whether they are what they say."""
