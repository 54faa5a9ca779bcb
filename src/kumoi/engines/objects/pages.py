"""A page of a sorted list of names: prefix, bounds, direction, and names rolled up at a delimiter by skipping them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from kumoi.engines.objects.interface import Page

Row = Sequence[Any]
"""Its first field is a name."""
Fetch = Callable[[str, str | None, int], list[Row]]
"""(from here on, before there, how many at most) → rows in the page's direction."""
_FIRST, _MOST = 32, 2000
_HIGHEST = chr(0x10FFFF)


def bounds(page: Page) -> tuple[str, str | None]:
    """The names of a page are in [low, high); high None: no end."""
    above, below = (page.end_marker, page.marker) if page.reverse else (page.marker, page.end_marker)
    low, high = page.prefix, after(page.prefix)
    if above:
        low = max(low, just_behind(above), key=str.encode)
    if below:
        high = below if high is None else min(high, below, key=str.encode)
    return low, high


def just_behind(name: str) -> str:
    """The next name of all: no name holds NUL."""
    return name + "\0"


def after(prefix: str) -> str | None:
    """The first name after all names with this prefix; None: there is none."""
    kept = prefix.rstrip(_HIGHEST)
    if not kept:
        return None
    last = ord(kept[-1]) + 1
    return kept[:-1] + chr(0xE000 if last == 0xD800 else last)


def walk(
    page: Page, fetch: Fetch, within: tuple[str, str | None] | None = None, name_of: Callable[[str], str] | None = None
) -> Iterator[tuple[str, Row | None]]:
    """(name, row) in order, at most `page.limit`; row None: a rolled-up prefix. Each rolled-up prefix costs one lookup,
    however many names it represents. `within`: other bounds than those of the page. `name_of`: the name in the first field
    of a row, which has more in it."""
    low, high = within or bounds(page)
    if not page.delimiter:
        for row in fetch(low, high, page.limit):
            yield row[0], row
        return
    left, count = page.limit, _FIRST
    while left > 0:
        rows = fetch(low, high, count)
        folder = ""
        for row in rows:
            name = name_of(row[0]) if name_of else row[0]
            if (folder and name.startswith(folder)) or (page.flat and name == page.prefix):
                continue
            folder = _folder(page, name)
            if not folder:
                yield name, row
            elif page.flat or folder == page.marker:
                continue
            else:
                yield folder, None
            left -= 1
            if left == 0:
                return
        if len(rows) < count:
            return
        if page.reverse:
            high = folder or rows[-1][0]
        else:
            behind = after(folder) if folder else just_behind(rows[-1][0])
            if behind is None:
                return
            low = behind
        count = _FIRST if folder else min(2 * count, _MOST)


def _folder(page: Page, name: str) -> str:
    """The prefix to which a name is rolled up; empty: it is not."""
    end = name.find(page.delimiter, len(page.prefix))
    if end < 0:
        return ""
    folder = name[: end + len(page.delimiter)]
    return "" if page.flat and folder == name else folder
