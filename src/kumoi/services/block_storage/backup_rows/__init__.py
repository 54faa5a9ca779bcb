"""The rows of backups. `backups` has the API."""
