"""The error that ends a command with a message for the user."""


class Refused(Exception):
    """The text says what is wrong and what to do, one line per problem."""
