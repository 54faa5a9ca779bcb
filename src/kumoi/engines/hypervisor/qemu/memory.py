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

CANCELLED_WITHIN = 5.0

_UNBOUNDED = 1 << 50
_UNDER_WAY = ("setup", "active", "pre-switchover", "device", "wait-unplug")


def save(talk: Conversation, draft: Path, path: Path, *, goes_on: bool) -> None:
    """Stop the guest and write its memory to `path`, durably. A call after a crash continues: QEMU may still be writing
    the draft.

    Afterwards QEMU holds a stopped guest that may be ended. HypervisorError: the guest is as it was. If an earlier call
    has stopped it, `goes_on` says whether it ran before.
    """
    with talk() as qemu:
        handle = _draft_being_written(qemu, draft)
        status = qemu.ask("query-status")["status"]
        running = goes_on or status == "running"
        if handle is None:
            if status == "postmigrate" and path.exists():
                return
            handle = _begin(qemu, draft, status)
    try:
        _wait_for_migration(talk)
        os.fsync(handle)
    except (HypervisorError, OSError) as error:
        draft.unlink(missing_ok=True)
        with talk() as qemu:
            cancel_migration(qemu)
            if running:
                qemu.ask("cont")
        raise HypervisorError(f"the guest's memory could not be saved: {error}") from error
    finally:
        os.close(handle)
    draft.replace(path)
    durable.sync_folder(path.parent)


def cancel_migration(qemu: Monitor) -> None:
    """Cancel an active migration, so that it does not stop the guest when it completes."""
    deadline = clock.monotonic() + CANCELLED_WITHIN
    if (status := _migration(qemu)) in _UNDER_WAY:
        qemu.ask("migrate_cancel")
    while status in (*_UNDER_WAY, "cancelling"):
        if clock.monotonic() > deadline:
            raise HypervisorError("QEMU does not leave off writing the guest's memory")
        clock.sleep(0.02)
        status = _migration(qemu)


def _draft_being_written(qemu: Monitor, draft: Path) -> int | None:
    """The draft that QEMU is still writing for an earlier call, or None. A migration whose draft is missing is
    cancelled."""
    if _migration(qemu) not in _UNDER_WAY:
        return None
    try:
        return os.open(draft, os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        cancel_migration(qemu)
        return None


def _begin(qemu: Monitor, draft: Path, status: str) -> int:
    """The descriptor of the draft that QEMU writes from now on."""
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
    return handle


def _migration(qemu: Monitor) -> str:
    """The progress of the migration; empty if there was none."""
    return str(qemu.ask("query-migrate").get("status", ""))


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
    """After QEMU was started with saved memory: wait until the memory is loaded and the guest is stopped. Otherwise
    HypervisorError."""
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
