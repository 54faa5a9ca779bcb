"""Usages: how long servers of a project existed, and how large they were."""
