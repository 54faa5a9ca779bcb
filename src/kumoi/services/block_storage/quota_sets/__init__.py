"""Quota sets: how many volumes, snapshots and gigabytes a project may have."""
