"""What clients look for in texts: parts, and regular expressions by RE2, whose time grows with the text and no faster."""

from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.errors import BadRequest

LONGEST = 255
"""Characters of an expression."""
LARGEST = 600
"""Instructions of one when it is compiled: each letter of a text may go through them all. PostgreSQL slows down sooner."""
MEMORY = 2 << 20
"""Bytes that one may take, compiled and matching: where it would need more, it is matched more slowly."""
REMEMBERED = 4
"""Compiled ones of a process."""


@lru_cache(maxsize=REMEMBERED)
def _compiled(text: str) -> Any:
    """ValueError says why it is no expression."""
    # Two megabytes, for those processes only that are ever asked for a match.
    import re2

    options = re2.Options()
    options.max_mem = MEMORY
    options.log_errors = False
    try:
        compiled = re2.compile(text, options)
        if compiled.programsize > LARGEST:
            raise ValueError("it is too large")
        return compiled
    except re2.error as error:
        why = error.args[0] if error.args else b""
        raise ValueError(why.decode(errors="replace") if isinstance(why, bytes) else str(why)) from None
    finally:
        # The module remembers more than this process needs, and all that they grew to.
        re2.purge()


def check(text: str, parameter: str) -> str:
    """The expression; BadRequest naming the parameter when it is none, or too large. Back references and look-around are
    refused: nothing matches them in bounded time."""
    if len(text) > LONGEST:
        raise refused(parameter, f"it has more than {LONGEST} characters")
    try:
        _compiled(text)
    except ValueError as error:
        raise refused(parameter, str(error)) from None
    return text


def refused(parameter: str, why: str) -> BadRequest:
    return BadRequest(f"Invalid input for query parameters {parameter}: it is no regular expression ({why[:300]}).")


def found(text: str, value: str | None) -> bool | None:
    """Whether the checked expression matches somewhere in the value; None for none, as in SQL."""
    return None if value is None else _compiled(text).search(value) is not None


def contains(column: sa.Column[str], part: str, *, ignore_case: bool = False) -> sa.ColumnElement[bool]:
    """Whether the part is in the column, whose length is given. What is longer is in none, and SQLite takes no LIKE of it."""
    if not isinstance(column.type, sa.String) or column.type.length is None:
        raise TypeError(f"{column} has no length")
    if len(part) > column.type.length:
        return sa.false()
    return column.icontains(part, autoescape=True) if ignore_case else column.contains(part, autoescape=True)
