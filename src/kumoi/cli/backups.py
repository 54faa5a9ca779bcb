"""Writes a whole cloud to one file while it runs, and restores it."""

import contextlib
import os
import shutil
import signal
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from kumoi.cli import running
from kumoi.cli.refusals import Refused
from kumoi.cli.status import guests
from kumoi.engines.objects import copies
from kumoi.engines.objects.layout import parse
from kumoi.host import lifecycle
from kumoi.kernel import accounts, clock, durable, processes
from kumoi.kernel.settings import Folder, Settings
from kumoi.supervisor.supervisor import ask

_KEPT = (
    "settings.json",
    "clouds.yaml",
    "database",
    "keys",
    "images",
    "bases",
    "volumes",
    "snapshots",
    "volume_backups",
    "guests",
    "host",
    "demo",
    "ovn/central",
    "network",  # what is plugged, in a cloud with the fake network
)
"""The parts of a data folder that are not recreated at every start."""
_WRITTEN_BY_GUESTS = ("volumes", "guests")
_PASSING = (".sock", ".pid", ".ctl", ".lock", ".~lock~", ".new")
_MARK = "kumoi-backup"


def backup(folder: Folder, settings: Settings, target: Path) -> int:
    """Write `target`, a compressed tar that only its owner may read. Returns its size in bytes.

    Tables, images and volumes have the state of one instant: operations are stopped meanwhile (requests are accepted
    and queued). Each guest is stopped while its disks are copied. They have the state of a power cut at that instant.
    """
    if settings.database and not settings.database.startswith("sqlite"):
        raise Refused("the tables are in another database server: back them up with its own tools (pg_dump)")
    if target.exists():
        raise Refused(f"{target} exists already")
    if not target.absolute().parent.is_dir():
        raise Refused(f"{target}: there is no folder {target.absolute().parent}")
    draft = target.with_name(target.name + ".part")
    scratch = folder.data / "backup"
    with running.alone(folder):
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        try:
            with _standing_still(folder):
                _copy(folder, settings, scratch)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
    try:
        draft.touch(mode=0o600)
        with tarfile.open(draft, "w:gz", compresslevel=1) as archive:
            archive.add(scratch, _MARK)
        durable.sync_file(draft)
        draft.replace(target)
        durable.sync_folder(target.absolute().parent)
    finally:
        draft.unlink(missing_ok=True)
        shutil.rmtree(scratch, ignore_errors=True)
    return target.stat().st_size


def restore(source: Path, folder: Folder) -> None:
    """Lay a backup out in a data folder that is empty or absent; Refused when the file is none."""
    if folder.data.exists() and any(folder.data.iterdir()):
        raise Refused(f"--data: {folder.data} is not empty: choose an empty or new folder")
    draft = folder.data.with_name(folder.data.name + ".restoring")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        durable.make_folder(draft)
        with tarfile.open(source) as archive:
            for member in archive:
                parts = Path(member.name).parts
                if parts[0] != _MARK or ".." in parts or not (member.isfile() or member.isdir()):
                    raise Refused(f"{source} is not a backup of a cloud: it holds {member.name}")
                archive.extract(member, draft)
            if not (draft / _MARK / "settings.json").exists():
                raise Refused(f"{source} is not a backup of a cloud: it holds no settings.json")
        if folder.data.exists():
            folder.data.rmdir()
        lifecycle.carry_over(Folder(draft / _MARK))
        accounts.give(draft / _MARK, 0o755)
        _make_durable(draft / _MARK)
        (draft / _MARK).rename(folder.data)
        durable.sync_folder(folder.data.parent)
    except (tarfile.TarError, EOFError):
        raise Refused(f"{source} is not a backup of a cloud: it is no whole compressed tar") from None
    except OSError as error:
        raise Refused(f"{source}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _make_durable(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        (durable.sync_folder if path.is_dir() else durable.sync_file)(path)


@contextmanager
def _standing_still(folder: Folder) -> Iterator[None]:
    """Stop the runner, so that no operation moves. Does nothing when the cloud is down.

    Refused if the supervisor died meanwhile, because its successor does not know that the runner is stopped.
    """
    if not running.is_running(folder):
        yield
        return
    asked = ask(folder.data, "park", names=["runner"])
    try:
        running.until(lambda: running.settled(folder), 30.0, "the runner does not end")
        yield
    finally:
        running.until(
            lambda: running.is_running(folder),
            10.0,
            "the supervisor died meanwhile: run kumoi up, then this command again",
        )
        answer = ask(folder.data, "park", names=[])
        running.until(lambda: running.settled(folder), 30.0, "the runner does not start again; see kumoi status")
    if answer["supervisor"] != asked["supervisor"]:
        raise Refused("the supervisor died meanwhile, and operations may have continued: run this command again")


def _copy(folder: Folder, settings: Settings, scratch: Path) -> None:
    layout = parse(settings.object_disks, settings.object_policies)
    wanted = [folder.data / name for name in _KEPT if (folder.data / name).exists()]
    _check_room(scratch, sum(file.stat().st_blocks * 512 for path in wanted for file in _files(path)))
    written = [path for path in wanted if path.name in _WRITTEN_BY_GUESTS]
    for path in wanted:
        if path not in written:
            _copy_tree(path, scratch / path.relative_to(folder.data))
    if folder.objects.exists():
        _check_room(scratch, copies.elsewhere(folder.objects, layout))
        copies.copy(folder.objects, scratch / folder.objects.name, layout)
    with _frozen(guests(folder)):
        for path in written:
            _copy_tree(path, scratch / path.name)


def _check_room(scratch: Path, space: int) -> None:
    free = shutil.disk_usage(scratch).free
    if space > free:
        raise Refused(f"--data: copying takes {space >> 20} MiB, {free >> 20} MiB are free: make room")


def _copy_tree(source: Path, target: Path) -> None:
    """With owners, modes and holes. A file that disappears meanwhile has no row any more."""
    command = ["cp", "--archive", "--sparse=always", "--reflink=auto", str(source), str(target)]
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in reversed(range(3)):
        try:
            processes.run(command, within=3600)
            break
        except processes.CommandFailed:
            if not left:
                raise
            shutil.rmtree(target, ignore_errors=True)
            clock.sleep(0.2)
    for file in source.rglob("*.db"):
        _copy_database(file, target / file.relative_to(source))
    for passing in [
        file for file in target.rglob("*") if file.suffix in _PASSING or not (file.is_dir() or file.is_file())
    ]:
        passing.unlink(missing_ok=True)


def _copy_database(source: Path, target: Path) -> None:
    """Copy an SQLite database in use, at one instant. A file of another kind stays as it was copied."""
    if source.is_symlink():
        return
    with source.open("rb") as file:
        if not file.read(16).startswith(b"SQLite format 3"):
            return
    for part in ("", "-wal", "-shm"):
        target.with_name(target.name + part).unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
    found = source.stat(follow_symlinks=False)
    shutil.copystat(source, target, follow_symlinks=False)
    os.chown(target, found.st_uid, found.st_gid, follow_symlinks=False)


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]


@contextmanager
def _frozen(pids: list[int]) -> Iterator[None]:
    """The processes get no processor inside the block."""
    try:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
