"""Virtual networks (`Topology`, for the whole cloud) and where guests plug into them (`Wiring`, on each host)."""
