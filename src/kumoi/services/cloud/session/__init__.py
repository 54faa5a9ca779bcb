"""The session of a browser: a cookie that holds a token, where no script of the page can read it."""
