"""Rescuing servers: they run from another image, with their own disks beside it."""
