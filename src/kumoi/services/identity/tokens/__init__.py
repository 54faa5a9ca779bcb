"""Tokens: issuing, checking and revoking them; the projects and domains that a token can be scoped to."""
