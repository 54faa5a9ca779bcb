"""The files through which the fake wiring (agent) tells the fake topology (runner) which ports are plugged."""

import os
from collections.abc import Iterable
from pathlib import Path

from kumoi.kernel import accounts
from kumoi.kernel.settings import Folder, Settings

JOURNAL = "journal"
"""The file that lists the ids of plugged and unplugged ports, oldest first. A reader continues where it stopped."""
LONGEST_JOURNAL = 1 << 20
"""Bytes. An agent that starts replaces a longer journal with an empty one."""


def topology_folder(folder: Folder) -> Path:
    return folder.data / "network"


def wiring_folder(folder: Folder) -> Path:
    return folder.data / "network" / "wiring"


def prepare(folder: Folder, settings: Settings) -> None:
    """Make the folders before a cloud's processes start. Each belongs to the user that writes there."""
    make_folders(folder)
    accounts.give(topology_folder(folder), 0o755, owner=accounts.CONTROL)


def make_folders(folder: Folder) -> None:
    wiring_folder(folder).mkdir(parents=True, exist_ok=True)


class Plugs:
    """Reads which port is plugged on which host, and follows changes through the journal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = folder / JOURNAL
        self._read: tuple[int, int] = (0, 0)
        """The journal's inode, and the position up to which it was read."""
        self._hosts: dict[str, tuple[int, str]] = {}
        """Port id → inode of its file, and the host that the file names."""

    def length(self) -> tuple[int, int]:
        try:
            found = self.journal.stat()
        except FileNotFoundError:
            return 0, 0
        return found.st_ino, found.st_size

    def begin(self) -> None:
        """From now on, `changed` returns what changes."""
        self._read = self.length()

    def now(self) -> dict[str, str]:
        """Port id → host, for all plugged ports. Files are replaced and never modified, so each inode is read only once."""
        before, self._hosts = self._hosts, {}
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.startswith("port-"):
                    port_id = entry.name.removeprefix("port-")
                    kept = before.get(port_id)
                    host = kept[1] if kept and kept[0] == entry.inode() else self._host(port_id)
                    if host is not None:
                        self._hosts[port_id] = entry.inode(), host
        return {port_id: host for port_id, (_, host) in self._hosts.items()}

    def changed(self, known: Iterable[str]) -> dict[str, str | None]:
        """Port id → current host (None: not plugged), for the ports that were plugged or unplugged since the last call.
        After the journal was replaced: for all ports, and for those in `known`."""
        inode, length = self.length()
        if inode != self._read[0]:
            self._read = inode, length
            return {**dict.fromkeys(known, None), **self.now()}
        begin = self._read[1]
        if length <= begin:
            return {}
        with self.journal.open("rb") as opened:
            opened.seek(begin)
            noted = opened.read(length - begin)
        whole = noted.rfind(b"\n") + 1
        self._read = inode, begin + whole
        return {port_id: self._host(port_id) for port_id in dict.fromkeys(noted[:whole].decode().split())}

    def _host(self, port_id: str) -> str | None:
        try:
            with open(f"{self.folder}/port-{port_id}") as opened:
                return opened.read()
        except FileNotFoundError:
            return None


def names(folder: Path, prefix: str) -> list[str]:
    try:
        found = os.listdir(folder)
    except FileNotFoundError:
        return []
    return sorted(name.removeprefix(prefix) for name in found if name.startswith(prefix))


def length(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def replace(file: Path, content: bytes) -> None:
    # Atomic, because the topology may be reading the file.
    draft = file.parent / f".{file.name}"
    draft.write_bytes(content)
    draft.chmod(0o644)  # The agent may be root with a strict umask; the topology reads as another user.
    draft.replace(file)
