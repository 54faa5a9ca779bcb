"""What hosts have and who uses it (OpenStack Placement API): every claim of room is one transaction."""
