"""Guests of servers: what a guest reads, has and does is compared with the rows of its server, and corrected."""
