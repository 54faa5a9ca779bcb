"""What volumes go through durably: being made, grown and deleted."""
