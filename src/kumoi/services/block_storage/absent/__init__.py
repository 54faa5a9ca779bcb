"""Parts of the API that Kumoi does not have and says so."""
