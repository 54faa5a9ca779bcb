"""What makes things real: one folder per engine kind, each with its interface, its fake and the real ones."""
