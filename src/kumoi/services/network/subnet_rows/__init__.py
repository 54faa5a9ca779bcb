"""The table of subnets and its SQL, which networks, ports and addresses read too."""
