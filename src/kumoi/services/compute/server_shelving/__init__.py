"""Shelving servers: their disk becomes an image, and they give up their place on the host until they are unshelved."""
