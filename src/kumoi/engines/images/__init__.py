"""Stores the bytes of images, and checks that they have the declared format."""
