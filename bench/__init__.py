"""What `make bench` measures: ratios and figures of one run on one machine, never a test's condition."""
