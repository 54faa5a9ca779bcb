"""Real networks: Open Virtual Network on Open vSwitch, with the stock daemons."""
