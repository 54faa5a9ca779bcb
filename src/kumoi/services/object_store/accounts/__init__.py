"""Accounts: one for each project, which hold containers."""
