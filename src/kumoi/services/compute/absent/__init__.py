"""Parts of the compute API that Kumoi does not have."""
