"""Floating IPs of servers, as compute led them before 2.44."""
