"""Types of groups of volumes."""
