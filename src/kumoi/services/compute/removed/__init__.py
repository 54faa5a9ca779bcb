"""Parts of the API that Nova has removed. They are gone in every version."""
