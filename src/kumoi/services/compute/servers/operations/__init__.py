"""What servers go through durably: being made and being deleted."""
