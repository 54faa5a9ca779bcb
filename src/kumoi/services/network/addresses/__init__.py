"""Which address belongs to which port: each once per subnet."""
