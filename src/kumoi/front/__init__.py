"""The one address of a cloud: nginx before the API and the streams."""
