"""Tags: words on any resource of the network service."""
