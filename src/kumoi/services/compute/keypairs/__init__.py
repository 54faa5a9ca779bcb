"""Keypairs: a user's public keys, put into servers."""
