"""The disks of servers: the images and volumes that a server was made with and the volumes that were attached."""
