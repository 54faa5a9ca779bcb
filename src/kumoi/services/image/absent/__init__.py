"""Parts of the image API that Kumoi does not have."""
