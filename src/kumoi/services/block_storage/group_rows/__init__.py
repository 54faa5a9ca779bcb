"""The rows of groups and of their snapshots. `groups` and `group_snapshots` have the APIs."""
