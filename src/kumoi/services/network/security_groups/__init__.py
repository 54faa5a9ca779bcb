"""Security groups: named sets of rules for ports."""
