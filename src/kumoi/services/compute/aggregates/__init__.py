"""Host aggregates: not built; clients that look for them find none."""
