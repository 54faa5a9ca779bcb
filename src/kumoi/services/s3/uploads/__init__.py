"""Multipart uploads: objects that arrive in parts."""
