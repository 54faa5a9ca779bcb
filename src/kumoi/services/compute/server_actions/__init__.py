"""Server actions: power, locks, and 501 for actions that Kumoi does not have."""
