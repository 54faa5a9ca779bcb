"""What is done to a volume by name: growing, reverting, and the states that clients and admins set."""
