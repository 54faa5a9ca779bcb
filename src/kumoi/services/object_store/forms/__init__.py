"""Objects from a form of a web page, whose signature stands in for a token (FormPost)."""
