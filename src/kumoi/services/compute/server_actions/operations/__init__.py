"""Power operations of servers."""
