"""Messages: why something did not work, for the person who asked for it."""
