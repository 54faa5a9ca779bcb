"""Credentials: secrets of other protocols (EC2 keys), sealed at rest."""
