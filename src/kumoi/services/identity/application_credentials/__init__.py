"""Application credentials: a user's own keys for programs, limited to one project and some roles."""
