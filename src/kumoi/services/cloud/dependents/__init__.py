"""What hangs on a resource: what its deletion would remove or change, and what refuses it."""
