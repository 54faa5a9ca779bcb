"""Domains: the projects that own users, groups and projects."""
