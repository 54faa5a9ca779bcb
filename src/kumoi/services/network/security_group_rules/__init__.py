"""Security group rules: the allowed traffic."""
