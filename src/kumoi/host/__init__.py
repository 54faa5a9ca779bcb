"""The agent on each host: engines and kernel, no services."""
