"""The rows of server groups, which also creating a server and choosing its host need."""
