"""Durable work on images."""
