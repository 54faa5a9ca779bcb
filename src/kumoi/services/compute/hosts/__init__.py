"""Hosts: the machines that guests run on, as the control plane knows them."""
