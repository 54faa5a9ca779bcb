"""Tokens: issued, checked, revoked; what a token may be exchanged for."""
