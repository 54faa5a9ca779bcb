"""Reads and follows the logs of a cloud's processes, for people and machines."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from kumoi.cli.refusals import Refused
from kumoi.kernel import clock

_LEVELS = {
    "warn": "warning", "err": "error", "emer": "error", "emerg": "error", "crit": "error", "alert": "error",
    "dbg": "debug", "notice": "info",
}  # fmt: skip
"""Other programs' words for levels, and ours."""
_SWITCH = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+)Z\|\d+\|([^|]*)\|([A-Z]+)\|(.*)", re.DOTALL)
"""A line of OVN and Open vSwitch."""
_FRONT = re.compile(r"(\d{4})/(\d\d)/(\d\d) (\d\d:\d\d:\d\d) \[(\w+)\] (?:\d+#\d+: )?(.*)", re.DOTALL)
"""A line of nginx."""
_TOLD = frozenset({"at", "level", "room", "message", "request_id", "fault"})
_ANSWER = ("service", "method", "path", "status", "ms")


class Line(NamedTuple):
    at: str
    """ISO 8601, UTC; empty if unknown."""
    process: str
    level: str
    text: str
    raw: str
    facts: dict[str, Any] | None = None
    """The fields of our own log lines; None for lines of other programs."""


def show(
    folder: Path, names: list[str], lines: int, *, follow: bool, as_json: bool = False, request: str | None = None
) -> None:
    """Print the last `lines` of each named process's log, oldest first. follow: continue until interrupted. `request`:
    only lines with this request id, but all of them, also from older files."""
    logs = {path.stem: path for path in sorted(folder.glob("*.log"))}
    for name in names:
        if name not in logs:
            raise Refused(f"there is no log of {name}; there are {', '.join(logs) or 'none'}")
    chosen = {name: path for name, path in logs.items() if not names or name in names}
    found: list[Line] = []
    for name, path in chosen.items():
        if request is None:
            found += read(name, path.read_text(errors="replace").splitlines()[-lines:])
        else:
            older = path.with_name(f"{path.name}.1")
            text = (older.read_text(errors="replace") if older.exists() else "") + path.read_text(errors="replace")
            found += (line for line in read(name, text.splitlines()) if request in line.raw)
    # sorted is stable, so lines of one process with the same time keep their order
    for text in rendered(sorted(found, key=lambda line: line.at), as_json=as_json):
        print(text)
    sizes = {name: path.stat().st_size for name, path in chosen.items()}
    while follow:
        clock.sleep(0.3)
        for name, path in chosen.items():
            size = path.stat().st_size
            with path.open("rb") as file:
                # a log that became shorter was replaced
                file.seek(sizes[name] if size >= sizes[name] else 0)
                came = read(name, file.read().decode(errors="replace").splitlines())
            for text in rendered((line for line in came if not request or request in line.raw), as_json=as_json):
                print(text, flush=True)
            sizes[name] = size


def read(process: str, lines: Iterable[str]) -> Iterator[Line]:
    """A line without a time gets the time of the previous line."""
    at = ""
    for raw in lines:
        line = _parsed(process, raw, at)
        at = line.at
        yield line


def rendered(lines: Iterable[Line], *, as_json: bool) -> Iterator[str]:
    """For machines: one JSON object per line, with the process. For people: one line each; repeated lines are
    counted."""
    if as_json:
        for line in lines:
            facts = line.facts or {"at": line.at, "level": line.level, "message": line.text}
            yield json.dumps({"process": line.process, **facts})
        return
    held: Line | None = None
    times = 0
    for line in lines:
        if held is not None and (line.process, line.level, line.text) == (held.process, held.level, held.text):
            times += 1
        else:
            if held is not None:
                yield _for_people(held, times)
            times = 1
        held = line
    if held is not None:
        yield _for_people(held, times)


def _for_people(line: Line, times: int) -> str:
    at = line.at.rstrip("Z").replace("T", " ")[:23].ljust(23)
    again = f" ({times} times)" if times > 1 else ""
    first, *more = line.text.splitlines() or [""]
    return "\n".join([f"{at} {line.process:15} {line.level:7} {first}{again}", *(f"    {rest}" for rest in more)])


def _parsed(process: str, raw: str, before: str) -> Line:
    try:
        facts = json.loads(raw)
        return Line(str(facts["at"]), process, str(facts["level"]), _sentence(facts), raw, facts)
    except (ValueError, KeyError, TypeError):
        pass
    if found := _SWITCH.fullmatch(raw):
        at, module, level, text = found.groups()
        return Line(f"{at}Z", process, _level(level), f"{module}: {text}", raw)
    if found := _FRONT.fullmatch(raw):
        year, month, day, time, level, text = found.groups()
        return Line(f"{year}-{month}-{day}T{time}Z", process, _level(level), text, raw)
    return Line(before, process, "", raw, raw)


def _level(word: str) -> str:
    return _LEVELS.get(word.lower(), word.lower())


def _sentence(facts: dict[str, Any]) -> str:
    text = str(facts["message"])
    told = _TOLD
    if text == "answered" and all(name in facts for name in _ANSWER):
        text = f"{facts['method']} {facts['path']} {facts['status']} in {facts['ms']} ms"
        told = _TOLD.union(_ANSWER)
    text += "".join(f" {name}={value}" for name, value in facts.items() if name not in told and value != "")
    if request := facts.get("request_id"):
        text += f" [{request}]"
    return text + "".join(f"\n{line}" for line in str(facts.get("fault", "")).splitlines())
