"""What this object store offers."""
