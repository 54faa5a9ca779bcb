"""Where the bytes and the names of objects lie."""
