"""Identity: who somebody is, what they may do where, and where every service answers."""
