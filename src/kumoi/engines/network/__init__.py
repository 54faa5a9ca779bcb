"""Virtual networks (`Topology`, for the whole cloud) and the plugs of guests (`Wiring`, on each host)."""
