"""Resource providers: things that have room, as a tree."""
