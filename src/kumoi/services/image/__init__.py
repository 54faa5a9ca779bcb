"""Images that servers and volumes start from (OpenStack Image API v2)."""
