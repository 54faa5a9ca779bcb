"""A network of its own for a project that has none: with a subnet, and a router to the default external network."""
