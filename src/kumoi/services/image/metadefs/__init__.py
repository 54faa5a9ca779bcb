"""Metadata definitions: which properties images, flavors, volumes and others may have, for clients that offer them."""
