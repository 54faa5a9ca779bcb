"""Reads images from servers outside."""
