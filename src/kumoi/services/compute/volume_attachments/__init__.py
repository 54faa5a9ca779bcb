"""Volume attachments: the disks of a server, those it was made with and those plugged in later."""
