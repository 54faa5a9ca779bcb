"""Services: the hosts whose disks hold volumes."""
