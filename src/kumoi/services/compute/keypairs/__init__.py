"""Keypairs: a user's public keys, which are injected into servers."""
