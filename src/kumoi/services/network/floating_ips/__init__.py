"""Floating IPs: addresses of external networks that lead to ports."""
