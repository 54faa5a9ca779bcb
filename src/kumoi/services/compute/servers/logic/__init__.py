"""The rules of servers."""
