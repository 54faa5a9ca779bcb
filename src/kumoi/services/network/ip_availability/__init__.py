"""How many addresses of each network are used."""
