"""Volume types: kinds of volumes."""
