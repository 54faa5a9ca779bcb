"""What is kept of servers whose rows are gone, so that the usage of a project does not change afterwards."""
