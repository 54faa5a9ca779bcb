"""Text filters of clients: substrings, and regular expressions matched by RE2 in linear time."""

from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.errors import BadRequest

LONGEST = 255
"""Maximum number of characters in an expression."""
LARGEST = 600
"""Maximum number of compiled instructions. Each letter of a text may pass through all of them."""
MEMORY = 2 << 20
"""Maximum memory of a compiled expression, in bytes. RE2 matches more slowly where it would need more."""
REMEMBERED = 4
"""Number of compiled expressions that a process caches."""


@lru_cache(maxsize=REMEMBERED)
def _compiled(text: str) -> Any:
    """Compile an expression; ValueError says why it is invalid."""
    # The module takes two megabytes, so only a process that needs it imports it.
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
        # The module has a cache of its own, which would grow without use.
        re2.purge()


def check(text: str, parameter: str) -> str:
    """Return the expression. BadRequest names the parameter if the expression is invalid or too large. Back references
    and look-around are refused, because nothing matches them in bounded time."""
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
    """Whether the checked expression matches somewhere in the value; None for None, as in SQL."""
    return None if value is None else _compiled(text).search(value) is not None


def matches(column: sa.Column[str], text: str, dialect: str) -> sa.ColumnElement[bool]:
    """Whether the checked expression matches somewhere in the column. An expression of only letters and dots (almost
    all are) becomes GLOB or LIKE, which needs no call into Python for each row."""
    parts = _plain(text)
    if parts is None:
        return column.regexp_match(text)
    begins, signs, ends = parts
    if begins and ends and all(not any_ for _, any_ in signs):
        return column == "".join(letter for letter, _ in signs)
    if dialect == "sqlite":
        one, many = "?", "*"
        letters = "".join(one if any_ else letter for letter, any_ in signs)
    else:
        one, many = "_", "%"
        letters = "".join(one if any_ else letter.replace("_", "\\_") for letter, any_ in signs)
    wanted = f"{'' if begins else many}{letters}{'' if ends else many}"
    return column.op("GLOB", is_comparison=True)(wanted) if dialect == "sqlite" else column.like(wanted, escape="\\")


def _plain(text: str) -> tuple[bool, list[tuple[str, bool]], bool] | None:
    """(whether it has ^, [(letter, whether case is ignored)], whether it has $); None: the expression is more
    complex."""
    begins, ends = text.startswith("^"), text.endswith("$")
    rest = text.removeprefix("^").removesuffix("$").replace("\\.", "\0").replace("\\-", "-")
    if any(not (letter.isascii() and letter.isalnum()) and letter not in " -_:.\0" for letter in rest):
        return None
    return begins, [("." if letter == "\0" else letter, letter == ".") for letter in rest], ends


def contains(column: sa.Column[str], part: str, *, ignore_case: bool = False) -> sa.ColumnElement[bool]:
    """Condition: the column contains the part. A part that is longer than the column matches nothing; SQLite refuses it."""
    if not isinstance(column.type, sa.String) or column.type.length is None:
        raise TypeError(f"{column} has no length")
    if len(part) > column.type.length:
        return sa.false()
    return column.icontains(part, autoescape=True) if ignore_case else column.contains(part, autoescape=True)
