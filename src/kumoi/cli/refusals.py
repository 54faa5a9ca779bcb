"""What ends a command with a sentence for the person who typed it."""


class Refused(Exception):
    """The text says what is wrong and what to do, one line for each thing."""
