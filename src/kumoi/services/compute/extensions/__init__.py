"""Extensions: parts of the API that were once optional."""
