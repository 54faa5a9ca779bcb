"""Reads and writes the XML of requests and replies."""

from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat
from xml.sax.saxutils import escape

from kumoi.kernel.routes import Reply
from kumoi.services.s3.errors import malformed

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
KIND = "application/xml"
MOST = 2 << 20
"""Bytes of a document that is read."""
_DEEPEST = 20
Value = str | int | bool | Mapping[str, Any] | Iterable[Any] | None


def reply(
    root: str, fields: Mapping[str, Value], *, status: int = 200, headers: Mapping[str, str] | None = None,
    namespace: str = NAMESPACE,
) -> Reply:  # fmt: skip
    opened = f'{root} xmlns="{namespace}"' if namespace else root
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{opened}>{_inner(fields)}</{root}>'
    return Reply(raw=text.encode("utf-8", "replace"), status=status, headers=headers or {}, content_type=KIND)


def _inner(fields: Mapping[str, Value]) -> str:
    return "".join(_element(name, value) for name, value in fields.items())


def _element(name: str, value: Value) -> str:
    """Nothing for None; one element for each item of a list; no element around a text without a name."""
    if not name and not isinstance(value, Raw):
        return _escaped(str(value))
    if value is None:
        return ""
    if isinstance(value, Raw):
        return value if not name else f"<{name}>{value}</{name}>"
    if isinstance(value, bool):
        return f"<{name}>{str(value).lower()}</{name}>"
    if isinstance(value, str | int):
        return f"<{name}>{_escaped(str(value))}</{name}>"
    if isinstance(value, Mapping):
        attributes = "".join(f' {key[1:]}="{text}"' for key, text in value.items() if key.startswith("@"))
        return f"<{name}{attributes}>{_inner({k: v for k, v in value.items() if not k.startswith('@')})}</{name}>"
    return "".join(_element(name, each) for each in value)


def _escaped(text: str) -> str:
    """Characters that XML 1.0 does not have become references, as S3 writes them."""
    return "".join(f"&#{ord(each)};" if each < " " else each for each in escape(text))


def parse(raw: bytes, root: str) -> Element:
    """The document. Its names have lost their namespace. A document type is refused, because it could define entities that
    grow."""
    tree, depth = TreeBuilder(), 0
    parser = expat.ParserCreate()

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise malformed("it is nested too deeply")
        tree.start(name.rpartition(":")[2], attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        tree.end(name.rpartition(":")[2])

    def refuse(*_: Any) -> None:
        raise malformed("a document type is not accepted")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, tree.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(raw, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise malformed(str(error)[:200]) from None
    found = tree.close()
    if found.tag != root:
        raise malformed(f"its root is {found.tag[:40]} instead of {root}")
    return found


def inner(element: Element) -> str:
    """The content of an element, without spaces between elements."""
    if not len(element):
        return _escaped(element.text or "")
    return "".join(f"<{each.tag}>{inner(each)}</{each.tag}>" for each in element)


class Raw(str):
    """Is XML already."""


def text_of(element: Element, name: str) -> str:
    return (element.findtext(name) or "").strip()
