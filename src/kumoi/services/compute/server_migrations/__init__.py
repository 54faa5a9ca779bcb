"""Migrations as the API shows them: those of all servers, and those of one server that are in progress."""
