"""Application credentials: a user's keys for programs, limited to one project and a subset of the user's roles."""
