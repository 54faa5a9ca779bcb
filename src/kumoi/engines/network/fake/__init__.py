"""Networks without packets, for clouds without root and for tests."""
