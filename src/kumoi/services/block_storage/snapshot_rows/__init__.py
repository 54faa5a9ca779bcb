"""The rows of snapshots. `snapshots` has the API."""
