"""Groups of volumes that are snapshot, copied and deleted together."""
