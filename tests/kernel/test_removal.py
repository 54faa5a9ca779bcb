"""Dependents of a row are called when it is removed."""

from typing import Any

import pytest

from kumoi.kernel.errors import Conflict
from kumoi.kernel.removal import Removal


def test_guards_come_before_followers() -> None:
    removal, done = Removal(), []
    tx: Any = object()

    @removal.follow
    def leave(_tx: Any, ids: Any) -> None:
        done.append(("leave", list(ids)))

    @removal.guard
    def unused(_tx: Any, ids: Any) -> None:
        done.append(("unused", list(ids)))
        if "used" in ids:
            raise Conflict("it is in use")

    removal.run(tx, ["a", "b"])
    assert done == [("unused", ["a", "b"]), ("leave", ["a", "b"])]
    done.clear()
    with pytest.raises(Conflict):
        removal.run(tx, ["a", "used"])
    removal.check(tx, ["a"])
    assert [name for name, _ in done] == ["unused", "unused"]
