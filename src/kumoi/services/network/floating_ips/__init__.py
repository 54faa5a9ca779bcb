"""Floating IPs: addresses of external networks that are translated to ports."""
