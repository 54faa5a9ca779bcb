"""Volume attachments: the disks of a server."""
