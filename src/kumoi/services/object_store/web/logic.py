"""What makes a container a web site, and its lists as pages."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

import msgspec

from kumoi.engines.objects.interface import Listed, Page
from kumoi.services.object_store import limits

_META = "x-container-meta-web-"


class Site:
    def __init__(self, metadata: Mapping[str, str]) -> None:
        self.index = metadata.get(f"{_META}index", "")
        self.error = metadata.get(f"{_META}error", "")
        self.listings = limits.flag(metadata.get(f"{_META}listings"))
        self.css = metadata.get(f"{_META}listings-css", "")
        self.label = metadata.get(f"{_META}listings-label", "")

    @property
    def is_one(self) -> bool:
        return bool(self.index or self.error or self.listings)


def page(prefix: str) -> Page:
    return Page(limit=limits.LONGEST_LISTING, prefix=prefix, delimiter="/")


def folder(name: str) -> Page:
    """Whether anything is below a name."""
    return Page(limit=1, prefix=f"{name}/")


def listing(base: str, prefix: str, rows: Sequence[Listed], site: Site) -> bytes:
    title = escape(f"Listing of {site.label or base}{prefix}")
    style = f'<link rel="stylesheet" type="text/css" href="{escape(site.css)}" />' if site.css else ""
    lines = [_row("../", "../", "", "", "subdir")] if prefix else []
    lines += [_line(prefix, row) for row in rows]
    return (
        f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>{title}</title>{style}</head>\n'
        f'<body><h1 id="title">{title}</h1>\n<table id="listing">\n'
        '<tr id="heading"><th class="colname">Name</th><th class="colsize">Size</th><th class="coldate">Date</th></tr>\n'
        f"{''.join(lines)}</table></body></html>\n"
    ).encode()


def _line(prefix: str, row: Listed) -> str:
    """Its address is relative, so that it leads there under any name of the site."""
    shown = row.name[len(prefix) :]
    if row.entry is None:
        return _row(f"./{quote(shown)}", shown, "", "", "subdir")
    entry: dict[str, Any] = msgspec.json.decode(row.entry)
    return _row(f"./{quote(shown)}", shown, str(entry["bytes"]), entry["last_modified"], "item")


def _row(address: str, name: str, size: str, date: str, kind: str) -> str:
    link = f'<a href="{escape(address)}">{escape(name)}</a>'
    return f'<tr class="{kind}"><td>{link}</td><td>{size}</td><td>{date}</td></tr>\n'
