"""Uploads by forms of web pages."""
