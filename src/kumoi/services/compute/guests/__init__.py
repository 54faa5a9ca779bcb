"""Guests of servers: compares metadata, devices and states of guests with the rows of their servers, and corrects
them."""
