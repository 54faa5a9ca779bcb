"""What snapshots go through durably: being made and deleted."""
