"""The description of every service, from its declarations."""
