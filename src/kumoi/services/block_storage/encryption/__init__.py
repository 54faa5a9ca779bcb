"""Encryption of volume types. It is recorded; volumes of such a type are refused."""
