"""Volume actions: extending, reverting, and states that clients and admins set."""
