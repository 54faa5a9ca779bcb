"""Services: the hosts that store volumes and backups."""
