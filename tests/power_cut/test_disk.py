"""The model of the disk: what POSIX guarantees survives, and the rest can be lost."""

from pathlib import Path
from random import Random

import pytest

from tests.power_cut.disk import Disk, Luck
from tests.power_cut.trace import Event

ROOT = Path("/cloud")


def disk(*events: tuple[str, str, dict[str, object]]) -> Disk:
    made = Disk(ROOT)
    for what, path, more in events:
        made.do(
            Event(what, str(ROOT / path), **{"to": str(ROOT / str(more.pop("to"))), **more} if "to" in more else more)
        )  # type: ignore[arg-type]
    return made


def after(made: Disk, folder: Path, luck: Luck, draw: int = 0) -> dict[str, bytes]:
    target = folder / f"{luck.name}-{draw}"
    target.mkdir()
    made.lay_out(target, luck, Random(draw))
    return {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()}


CREATED = ("create", "a.new", {})
WRITTEN = ("write", "a.new", {"data": b"content"})
SYNCED = ("sync", "a.new", {})
RENAMED = ("rename", "a.new", {"to": "a"})
FOLDER = ("sync", "", {})


@pytest.mark.parametrize(
    ("events", "kept"),
    [
        ([CREATED, WRITTEN, SYNCED, RENAMED, FOLDER], {"a": b"content"}),
        ([CREATED, WRITTEN, RENAMED, FOLDER], {"a": b""}),
        ([CREATED, WRITTEN, SYNCED, RENAMED], {}),
        ([CREATED, FOLDER, WRITTEN, SYNCED, RENAMED], {"a.new": b"content"}),
    ],
)
def test_a_file_is_kept_when_it_and_its_folder_are_synced(
    tmp_path: Path, events: list[tuple[str, str, dict[str, object]]], kept: dict[str, bytes]
) -> None:
    made = disk(*[(what, path, dict(more)) for what, path, more in events])
    assert after(made, tmp_path, Luck.NOTHING) == kept
    assert after(made, tmp_path, Luck.ALL) == {"a": b"content"}


def test_a_folder_that_is_not_synced_above_loses_what_is_in_it(tmp_path: Path) -> None:
    made = disk(("mkdir", "in", {}), ("create", "in/a", {}), ("sync", "in", {}), ("sync", "in/a", {}))
    assert after(made, tmp_path, Luck.NOTHING) == {}
    made.do(Event("sync", str(ROOT)))
    assert after(made, tmp_path, Luck.NOTHING, 1) == {"in/a": b""}


def test_names_may_come_before_bytes(tmp_path: Path) -> None:
    assert after(disk(CREATED, WRITTEN, ("rename", "a.new", {"to": "a"})), tmp_path, Luck.NAMES) == {"a": b""}


def test_dice_tear_writes_and_never_a_rename(tmp_path: Path) -> None:
    made = disk(("create", "a", {}), ("sync", "", {}), ("write", "a", {"data": b"x" * 8192}), ("create", "b", {}),
                ("sync", "", {}), ("rename", "b", {"to": "c"}))  # fmt: skip
    seen = [after(made, tmp_path, Luck.SOME, draw) for draw in range(40)]
    assert {tuple(sorted(each)) for each in seen} == {("a", "b"), ("a", "c")}
    contents = {each["a"] for each in seen}
    assert contents == {b"", b"x" * 4096, bytes(4096) + b"x" * 4096, b"x" * 8192}
