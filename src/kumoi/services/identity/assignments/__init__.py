"""Assignments: a role for a user or group on a project, a domain or the system."""
