"""Kumoi: a whole OpenStack-compatible cloud that starts with one command and cannot get stuck."""
