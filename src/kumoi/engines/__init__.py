"""Engines: one folder per kind, each with its interface, its fake and its real implementation."""
