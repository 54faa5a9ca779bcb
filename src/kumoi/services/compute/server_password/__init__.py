"""The encrypted password of a guest. It is always empty, because guests cannot store one here."""
