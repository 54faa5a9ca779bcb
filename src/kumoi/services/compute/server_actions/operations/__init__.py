"""What servers' guests go through durably when told to."""
