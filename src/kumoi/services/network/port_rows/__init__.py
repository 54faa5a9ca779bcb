"""The tables of ports and their SQL, which networks and subnets read too."""
