"""Messages: the reasons of failed requests, for users."""
