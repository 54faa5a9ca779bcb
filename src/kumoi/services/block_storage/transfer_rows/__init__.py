"""The rows of transfers. `transfers` has their API."""
