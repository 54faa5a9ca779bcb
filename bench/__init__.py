"""The benchmark of `make bench`. Its figures are never a condition of a test."""
