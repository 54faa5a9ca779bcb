"""The password that a guest encrypts and leaves for its owner; guests here have no way to leave one."""
