"""Images and backups of servers."""
