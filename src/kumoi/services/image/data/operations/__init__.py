"""Durable work on the bytes of images."""
