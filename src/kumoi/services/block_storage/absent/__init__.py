"""Parts of the API that Kumoi does not have."""
