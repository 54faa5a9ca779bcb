"""Domains: projects that contain users, groups and projects."""
