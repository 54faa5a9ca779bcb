"""Security group rules: what may pass."""
