"""A volume that a running QEMU has open. Only QEMU may change or copy it."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from kumoi.engines.hypervisor.interface import HypervisorError
from kumoi.engines.hypervisor.qemu.hardware import node_name
from kumoi.engines.hypervisor.qemu.monitor import Monitor, MonitorError
from kumoi.engines.volumes.interface import VolumesError
from kumoi.kernel import clock

COPY_WITHIN = 1700.0
CANCEL_WITHIN = 30.0
"""Seconds."""

PREFIX = "copy-"
"""Prefix of a copy's job and node names; QEMU allows 31 bytes for the whole name."""

Conversation = Callable[[], AbstractContextManager[Monitor]]
Lent = Callable[[Path], AbstractContextManager[None]]


class Copies:
    """The copies that a guest's QEMU makes of its disks while the guest runs. A job and its target have the same name,
    derived from the disk: QEMU continues the copies of a dead agent, and the next agent finds them."""

    def __init__(self, talk: Conversation) -> None:
        self.talk = talk
        self.lock = Lock()
        self.under_way: set[str] = set()

    def make(self, node: str, to: Path) -> None:
        """Copy the top layer of a disk, at one instant, into an empty qcow2. HypervisorError if that fails, with the
        reason."""
        name = PREFIX + node
        target = {
            "node-name": name,
            "driver": "qcow2",
            "backing": None,
            "file": {"driver": "file", "filename": str(to)},
        }
        with self.lock:
            self._end(name)
            with self.talk() as qemu:
                qemu.ask_with("blockdev-add", target)
            self.under_way.add(name)
        try:
            self._copy(name, node)
        finally:
            with self.lock:
                self.under_way.discard(name)
                with self.talk() as qemu:
                    qemu.ask("blockdev-del", node_name=name)

    def end_left(self) -> None:
        """Cancel copies that this process does not wait for. Their files are deleted, and QEMU alone still holds the
        space."""
        with self.lock:
            with self.talk() as qemu:
                found = {*_jobs(qemu), *_nodes(qemu)}
            for name in sorted(found - self.under_way):
                if name.startswith(PREFIX):
                    self._end(name)

    def _end(self, name: str) -> None:
        with self.talk() as qemu:
            left = _jobs(qemu).get(name)
            if left is not None and left["status"] != "concluded":
                with contextlib.suppress(MonitorError):  # The job has just ended.
                    qemu.ask("job-cancel", id=name)
        if left is not None:
            if not self._wait(name, CANCEL_WITHIN)[1]:
                raise HypervisorError("an earlier copy of the disk does not end")
            with self.talk() as qemu:
                qemu.ask("job-dismiss", id=name)
        with self.talk() as qemu:
            if name in _nodes(qemu):
                qemu.ask("blockdev-del", node_name=name)

    def _copy(self, name: str, node: str) -> None:
        with self.talk() as qemu:
            backup = {"job-id": name, "device": node, "target": name, "sync": "top", "auto-dismiss": False}
            qemu.ask_with("blockdev-backup", backup)
        error, ended = self._wait(name, COPY_WITHIN)
        if not ended:
            with self.talk() as qemu:
                qemu.ask("job-cancel", id=name)
            self._wait(name, CANCEL_WITHIN)
            error = f"it took more than {COPY_WITHIN:.0f} s"
        with self.talk() as qemu:
            qemu.ask("job-dismiss", id=name)
        if error:
            raise HypervisorError(error)

    def _wait(self, name: str, within: float) -> tuple[str | None, bool]:
        """The error, or None; and whether the job has ended."""
        deadline = clock.monotonic() + within
        pause = 0.01
        while clock.monotonic() < deadline:
            with self.talk() as qemu:
                found = _jobs(qemu).get(name)
            if found is None:
                return "QEMU lost the copy", True
            if found["status"] == "concluded":
                return found.get("error"), True
            clock.sleep(pause)
            pause = min(pause * 1.5, 0.5)
        return None, False


class QemuHolder:
    """Implements the volumes engine's Holder. The guest keeps running."""

    def __init__(self, talk: Conversation, copies: Copies, volume_id: str, lent: Lent) -> None:
        """`lent` makes a file QEMU's own for a while."""
        self.talk = talk
        self.copies = copies
        self.lent = lent
        self.node = node_name(volume_id)

    def resize(self, size_bytes: int) -> None:
        with _as_volumes_error("resized"), self.talk() as qemu:
            for node in qemu.ask("query-named-block-nodes", flat=True):
                if node["node-name"] == self.node and node["image"]["virtual-size"] >= size_bytes:
                    return
            qemu.ask("block_resize", node_name=self.node, size=size_bytes)

    def copy(self, to: Path) -> None:
        with _as_volumes_error("copied"), self.lent(to):
            self.copies.make(self.node, to)


def _jobs(qemu: Monitor) -> dict[str, dict[str, Any]]:
    return {job["id"]: job for job in qemu.ask("query-jobs")}


def _nodes(qemu: Monitor) -> set[str]:
    return {node["node-name"] for node in qemu.ask("query-named-block-nodes", flat=True)}


@contextmanager
def _as_volumes_error(what: str) -> Iterator[None]:
    try:
        yield
    except HypervisorError as error:
        raise VolumesError(f"the volume could not be {what} in the running guest: {error}") from error
