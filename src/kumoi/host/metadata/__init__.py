"""The metadata service of guests."""
