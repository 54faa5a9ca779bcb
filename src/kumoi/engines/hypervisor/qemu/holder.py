"""A volume that a running QEMU has open: only QEMU may change or copy it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from kumoi.engines.hypervisor.interface import HypervisorError
from kumoi.engines.hypervisor.qemu.hardware import node_name
from kumoi.engines.hypervisor.qemu.monitor import Monitor
from kumoi.engines.volumes.interface import VolumesError
from kumoi.kernel import clock, randomness

COPY_WITHIN = 1700.0
"""Seconds."""

Conversation = Callable[[], AbstractContextManager[Monitor]]


class QemuHolder:
    """Implements the volumes engine's Holder; the guest goes on meanwhile."""

    def __init__(self, talk: Conversation, volume_id: str) -> None:
        self.talk = talk
        self.node = node_name(volume_id)

    def resize(self, size_bytes: int) -> None:
        with _as_volumes_error("resized"), self.talk() as qemu:
            for node in qemu.ask("query-named-block-nodes", flat=True):
                if node["node-name"] == self.node and node["image"]["virtual-size"] >= size_bytes:
                    return
            qemu.ask("block_resize", node_name=self.node, size=size_bytes)

    def copy(self, to: Path) -> None:
        job = f"copy-{randomness.new_hex()[:20]}"
        target = {
            "node-name": job,
            "driver": "qcow2",
            "backing": None,
            "file": {"driver": "file", "filename": str(to)},
        }
        with _as_volumes_error("copied"):
            with self.talk() as qemu:
                qemu.ask_with("blockdev-add", target)
            try:
                self._copy(job)
            finally:
                with self.talk() as qemu:
                    qemu.ask("blockdev-del", node_name=job)

    def _copy(self, job: str) -> None:
        with self.talk() as qemu:
            qemu.ask(
                "blockdev-backup",
                job_id=job,
                device=self.node,
                target=job,
                sync="top",
                auto_dismiss=False,
            )
        error, ended = self._wait(job, COPY_WITHIN)
        if not ended:
            with self.talk() as qemu:
                qemu.ask("job-cancel", id=job)
            self._wait(job, 30.0)
            error = f"it took more than {COPY_WITHIN:.0f} s"
        with self.talk() as qemu:
            qemu.ask("job-dismiss", id=job)
        if error:
            raise HypervisorError(error)

    def _wait(self, job: str, within: float) -> tuple[str | None, bool]:
        """What went wrong, and whether the job has ended."""
        deadline = clock.monotonic() + within
        pause = 0.01
        while clock.monotonic() < deadline:
            with self.talk() as qemu:
                found = next((j for j in qemu.ask("query-jobs") if j["id"] == job), None)
            if found is None:
                return "QEMU lost the copy", True
            if found["status"] == "concluded":
                return found.get("error"), True
            clock.sleep(pause)
            pause = min(pause * 1.5, 0.5)
        return None, False


@contextmanager
def _as_volumes_error(what: str) -> Iterator[None]:
    try:
        yield
    except HypervisorError as error:
        raise VolumesError(f"the volume could not be {what} in the running guest: {error}") from error
