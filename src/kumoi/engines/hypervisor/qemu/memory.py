"""A guest's memory into a file and back."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from kumoi.engines.hypervisor.interface import HypervisorError
from kumoi.engines.hypervisor.qemu.monitor import Monitor, MonitorError
from kumoi.kernel import clock, durable

WITHIN = 280.0
"""Seconds for a whole memory; 0.7 for a small guest."""

Conversation = Callable[[], AbstractContextManager[Monitor]]

_UNBOUNDED = 1 << 50


def save(talk: Conversation, draft: Path, path: Path) -> None:
    """Stop the guest and write its memory to `path`, durably. Called again after a crash, it goes on from there.

    Afterwards QEMU holds a stopped guest that may be ended. HypervisorError: the guest is as it was.
    """
    with talk() as qemu:
        status = qemu.ask("query-status")["status"]
        if status == "postmigrate" and path.exists():
            return
        running = status == "running"
        if status == "postmigrate":
            qemu.ask("cont")
        qemu.ask("stop")
        qemu.ask("migrate-set-parameters", max_bandwidth=_UNBOUNDED)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            qemu.ask("getfd", descriptor=handle, fdname="memory")
            qemu.ask("migrate", uri="fd:memory")
        except BaseException:
            os.close(handle)
            raise
    try:
        _wait_for_migration(talk)
        os.fsync(handle)
    except (HypervisorError, OSError) as error:
        draft.unlink(missing_ok=True)
        with talk() as qemu:
            if qemu.ask("query-migrate").get("status") in ("active", "setup"):
                qemu.ask("migrate_cancel")
            if running:
                qemu.ask("cont")
        raise HypervisorError(f"the guest's memory could not be saved: {error}") from error
    finally:
        os.close(handle)
    draft.replace(path)
    durable.sync_folder(path.parent)


def _wait_for_migration(talk: Conversation) -> None:
    deadline = clock.monotonic() + WITHIN
    while clock.monotonic() < deadline:
        with talk() as qemu:
            progress = qemu.ask("query-migrate")
        if progress.get("status") == "completed":
            return
        if progress.get("status") in ("failed", "cancelled"):
            raise HypervisorError(progress.get("error-desc") or "QEMU gave no reason")
        clock.sleep(0.02)
    raise HypervisorError(f"it took more than {WITHIN:.0f} s")


def wait_until_restored(talk: Conversation) -> None:
    """After QEMU was started on a saved memory: until the guest is as it was, stopped. HypervisorError else."""
    deadline = clock.monotonic() + WITHIN
    while clock.monotonic() < deadline:
        try:
            with talk() as qemu:
                if qemu.ask("query-status")["status"] != "inmigrate":
                    return
        except MonitorError as error:
            raise HypervisorError("QEMU does not accept the guest's saved memory") from error
        clock.sleep(0.02)
    raise HypervisorError(f"bringing the guest's memory back took more than {WITHIN:.0f} s")
