"""What keeps the table of hosts true."""
