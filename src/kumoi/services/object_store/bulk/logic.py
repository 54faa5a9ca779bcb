"""What a bulk request tells of its success. The status of the answer is always 200; the true one is in its body."""

from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

import msgspec

from kumoi.kernel.routes import Reply
from kumoi.services.object_store.asked import JSON, TEXT


def _xml(root: str, told: dict[str, Any]) -> bytes:
    fields = "".join(
        f"<{tag}>{escape(str(value))}</{tag}>"
        for name, value in told.items()
        if name != "Errors"
        for tag in (name.lower().replace(" ", "_"),)
    )
    errors = "".join(
        f"<object><name>{escape(name)}</name><status>{escape(problem)}</status></object>"
        for name, problem in told["Errors"]
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>{fields}<errors>{errors}</errors></{root}>'.encode()


@dataclass
class Report:
    deleting: bool
    done: int = 0
    missing: int = 0
    errors: list[tuple[str, str]] = field(default_factory=list)
    status: str = ""
    body: str = ""
    _parts: dict[int, tuple[int, int, list[tuple[str, str]]]] = field(default_factory=dict)

    def add(self, part: int, done: int, missing: int, errors: list[tuple[str, str]]) -> None:
        """Of a transaction that may run twice: the last time counts."""
        self._parts[part] = done, missing, errors

    def told(self) -> dict[str, Any]:
        done = self.done + sum(each[0] for each in self._parts.values())
        missing = self.missing + sum(each[1] for each in self._parts.values())
        errors = [*self.errors, *(error for each in self._parts.values() for error in each[2])]
        status = self.status
        if not status and errors:
            status = "400 Bad Request"
        if not status and self.deleting and missing and not done:
            status = "404 Not Found"
        counts = (
            {"Number Deleted": done, "Number Not Found": missing} if self.deleting else {"Number Files Created": done}
        )
        fine = "200 OK" if self.deleting else "201 Created"
        return {
            **counts, "Response Status": status or fine, "Response Body": self.body,
            "Errors": [[name, problem] for name, problem in errors],
        }  # fmt: skip

    def reply(self, kind: str) -> Reply:
        told = self.told()
        if kind == JSON:
            return Reply(raw=msgspec.json.encode(told), status=200, content_type=f"{JSON}; charset=utf-8")
        if kind != TEXT:
            return Reply(raw=_xml("delete" if self.deleting else "extract", told), status=200, content_type=kind)
        lines = [f"{name}: {value}" for name, value in told.items() if name != "Errors"]
        lines += ["Errors:", *(f"{name}, {problem}" for name, problem in told["Errors"])]
        return Reply(raw="\n".join(lines).encode(), status=200, content_type=f"{kind}; charset=utf-8")
