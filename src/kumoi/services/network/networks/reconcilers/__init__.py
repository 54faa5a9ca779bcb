"""Networks in the topology, and their metadata on hosts."""
