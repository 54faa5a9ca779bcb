"""A hypervisor without QEMU and root, whose guests are only records; for tests and for trying the API."""

import shutil
import sqlite3
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

import msgspec

from kumoi.engines.hypervisor import passwords
from kumoi.engines.hypervisor.console import last_lines
from kumoi.engines.hypervisor.interface import (
    Disk,
    GuestMetadata,
    GuestSpec,
    GuestState,
    Host,
    HypervisorError,
    NetworkSilent,
    Nic,
    RootDisk,
)
from kumoi.engines.hypervisor.uptime import uptime
from kumoi.engines.network.interface import NetworkError, Silent, Wiring
from kumoi.kernel import clock
from kumoi.kernel.fences import Fence

LETTERS = "abcdefghijklmnopqrstuvwxyz"

_ALIVE = (GuestState.RUNNING, GuestState.PAUSED)


class _Card(msgspec.Struct):
    port_id: str


class _Disk(msgspec.Struct):
    volume_id: str


class _Devices(msgspec.Struct):
    """The fields of a GuestSpec that describe its devices. Decoding only these is much faster."""

    nics: list[_Card] = []
    disks: list[_Disk] = []


_DEVICES = msgspec.json.Decoder(_Devices)


_QCOW2 = struct.Struct(">4sIQIIQIIQQIIQQQQII")


def empty_qcow2(size: int) -> bytes:
    """A qcow2 image of `size` bytes without content."""
    cluster = 65536
    entries = max(size >> 29, 1)
    header = _QCOW2.pack(b"QFI\xfb", 3, 0, 0, 16, size, 0, entries, 3 * cluster, cluster, 1, 0, 0, 0, 0, 0, 4, 104)
    return header.ljust(cluster, b"\0") + struct.pack(">Q", 2 * cluster).ljust(cluster, b"\0") + bytes(2 * cluster)


class FakeHypervisor:
    """Stores its guests in a small database below `folder`, so that they survive the agent. Guests obey at once, write
    a few lines on their console, and have no screen."""

    def __init__(
        self,
        folder: Path,
        name: str = "host-1",
        *,
        wiring: Wiring | None = None,
        vcpus: int = 64,
        memory_mib: int = 262_144,
        copies: Path | None = None,
    ) -> None:
        """`wiring`: where network cards are plugged; None: nowhere. `copies`: a folder for copies of root disks, which the
        control plane may read; None: one in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        self.copies_folder = copies or folder / "copies"
        self.shown = Host(
            name=name,
            vcpus=vcpus,
            memory_mib=memory_mib,
            disk_gib=10_000,
            hypervisor_type="fake",
            hypervisor_version=1000,
            accelerator="none",
            cpu={
                "arch": "x86_64",
                "model": "fake",
                "vendor": "fake",
                "topology": {"sockets": 1, "cores": vcpus, "threads": 1},
                "features": [],
            },
        )
        self.wiring = wiring
        self.lock = RLock()
        self.database = sqlite3.connect(folder / "fake-guests.db", check_same_thread=False, isolation_level=None)
        self.passwords = folder / "passwords"
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=NORMAL")
        self.database.execute(
            "CREATE TABLE IF NOT EXISTS guest (server_id TEXT PRIMARY KEY, state TEXT NOT NULL,"
            " spec BLOB NOT NULL, console TEXT NOT NULL) WITHOUT ROWID"
        )
        self.database.execute("CREATE TABLE IF NOT EXISTS failure (id INTEGER PRIMARY KEY, method TEXT, message TEXT)")
        self.database.execute(
            "CREATE TABLE IF NOT EXISTS disk (server_id TEXT NOT NULL, name TEXT NOT NULL, image_id TEXT NOT NULL,"
            " size_gib INTEGER NOT NULL, PRIMARY KEY (server_id, name)) WITHOUT ROWID"
        )

    def close(self) -> None:
        self.database.close()

    # Switches for tests. They also work on a running cloud if its own process calls them.

    without_room: frozenset[str] = frozenset()
    """Guests that are stopped because the disk is full."""
    screen = ""
    """The unix socket of every guest's screen; empty: they have none."""

    def fail_next(self, method: str, message: str = "the fake was told to fail") -> None:
        """The next call of `method` changes nothing and raises HypervisorError. After two calls of `fail_next`, the
        next two do."""
        with self.lock:
            self.database.execute("INSERT INTO failure (method, message) VALUES (?, ?)", (method, message))

    def die(self, server_id: str) -> None:
        """The guest's process dies by itself."""
        self._set(server_id, GuestState.FAILED)

    def shut_itself_down(self, server_id: str) -> None:
        """Somebody inside the guest powers it off."""
        self._set(server_id, GuestState.OFF)

    def run_out_of_room(self, server_id: str, *, again: bool = False) -> None:
        """Stop the guest because the disk is full. With `again`: resume it because there is space."""
        self.without_room = self.without_room - {server_id} if again else self.without_room | {server_id}
        self._set(server_id, GuestState.RUNNING if again else GuestState.PAUSED)

    def say(self, server_id: str, text: str) -> None:
        """The guest writes on its serial port."""
        with self.lock:
            self.database.execute("UPDATE guest SET console = console || ? WHERE server_id = ?", (text, server_id))

    def set_password(self, server_id: str, password: bytes) -> int:
        """The guest sends its password to the metadata service. The status of the answer."""
        (self.passwords / server_id).mkdir(parents=True, exist_ok=True)
        return passwords.keep(self.passwords / server_id, password)[0]

    def spec(self, server_id: str) -> GuestSpec:
        """The current specification of the guest. HypervisorError if the guest is absent."""
        return self._guest(server_id)[1]

    def local_disks(self, server_id: str) -> dict[str, tuple[str, int]]:
        """`root`, `kept` for a copy of it, or `rescue` → (image, GiB)."""
        with self.lock:
            rows = self.database.execute(
                "SELECT name, image_id, size_gib FROM disk WHERE server_id = ? ORDER BY name", (server_id,)
            ).fetchall()
        return {name: (image_id, size_gib) for name, image_id, size_gib in rows}

    # Hypervisor.

    def start(self, fence: Fence, spec: GuestSpec) -> None:
        with self._order("start"):
            state = self.state(spec.server_id)
            if state in _ALIVE:
                return
            if state is GuestState.SUSPENDED:
                self._plug(fence, self._guest(spec.server_id)[1].nics)
                self._set(spec.server_id, GuestState.RUNNING)
                return
            self._plug(fence, spec.nics)
            if spec.root:
                self._make_disk(spec.server_id, "root", spec.root)
            self.database.execute("DELETE FROM disk WHERE server_id = ? AND name = 'rescue'", (spec.server_id,))
            if spec.rescue:
                self._make_disk(spec.server_id, "rescue", RootDisk(spec.rescue.image_id, 0))
            said = f"[{clock.iso(clock.now())}] {spec.name} boots\n{spec.metadata.hostname} login:\n"
            self.database.execute(
                "INSERT INTO guest VALUES (?, ?, ?, ?) ON CONFLICT (server_id)"
                " DO UPDATE SET state = excluded.state, spec = excluded.spec, console = console || excluded.console",
                (spec.server_id, GuestState.RUNNING, msgspec.json.encode(spec), said),
            )

    def ask_shutdown(self, fence: Fence, server_id: str) -> None:
        with self._order("ask_shutdown"):
            state, spec = self._guest(server_id)
            if state is GuestState.RUNNING:
                self._unplug(fence, spec.nics)
                self._set(server_id, GuestState.OFF)

    def power_off(self, fence: Fence, server_id: str) -> None:
        with self._order("power_off"):
            self._unplug(fence, self._guest(server_id)[1].nics)
            self._set(server_id, GuestState.OFF)

    def pause(self, fence: Fence, server_id: str) -> None:
        self._move("pause", server_id, _ALIVE, GuestState.PAUSED)

    def unpause(self, fence: Fence, server_id: str) -> None:
        self._move("unpause", server_id, _ALIVE, GuestState.RUNNING)

    def suspend(self, fence: Fence, server_id: str) -> None:
        self._move("suspend", server_id, (*_ALIVE, GuestState.SUSPENDED), GuestState.SUSPENDED)
        self._unplug(fence, self._guest(server_id)[1].nics)

    def destroy(self, fence: Fence, server_id: str) -> None:
        with self._order("destroy"):
            if self.state(server_id) is not GuestState.ABSENT:
                self._unplug(fence, self._guest(server_id)[1].nics)
            self.database.execute("DELETE FROM guest WHERE server_id = ?", (server_id,))
            self.database.execute("DELETE FROM disk WHERE server_id = ?", (server_id,))
            shutil.rmtree(self.copies_folder / server_id, ignore_errors=True)

    def keep_root(self, fence: Fence, server_id: str) -> None:
        with self._order("keep_root"):
            self._must_be_off(server_id, "copy its root disk")
            self.database.execute(
                "INSERT OR IGNORE INTO disk SELECT server_id, 'kept', image_id, size_gib FROM disk"
                " WHERE server_id = ? AND name = 'root'",
                (server_id,),
            )

    def restore_root(self, fence: Fence, server_id: str) -> None:
        with self._order("restore_root"):
            self._must_be_off(server_id, "replace its root disk")
            self.database.execute(
                "UPDATE OR REPLACE disk SET name = 'root' WHERE server_id = ? AND name = 'kept'", (server_id,)
            )

    def forget_root(self, fence: Fence, server_id: str) -> None:
        with self._order("forget_root"):
            self.database.execute("DELETE FROM disk WHERE server_id = ? AND name = 'kept'", (server_id,))

    def copy_root(self, fence: Fence, server_id: str, copy_id: str) -> str:
        with self._order("copy_root"):
            self._guest(server_id)
            root = self.local_disks(server_id).get("root")
            if root is None:
                raise HypervisorError(f"guest {server_id} has no root disk")
            place = self._copy(server_id, copy_id)
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(empty_qcow2(max(root[1], 1) << 30))
                # The control plane may have another user.
                for path, mode in ((self.copies_folder, 0o711), (place.parent, 0o711), (place, 0o444)):
                    path.chmod(mode)
            return str(place)

    def remove_copy(self, fence: Fence, server_id: str, copy_id: str) -> None:
        with self._order("remove_copy"):
            self._copy(server_id, copy_id).unlink(missing_ok=True)

    def inject_nmi(self, fence: Fence, server_id: str) -> None:
        with self._order("inject_nmi"):
            state, _ = self._guest(server_id)
            if state not in _ALIVE:
                raise HypervisorError(f"guest {server_id} is {state}: cannot interrupt it")
            self.say(server_id, "NMI received\n")

    def copies(self) -> list[str]:
        """The copies of all guests' root disks."""
        return sorted(path.name for path in self.copies_folder.glob("*/*"))

    def _copy(self, server_id: str, copy_id: str) -> Path:
        return self.copies_folder / server_id / copy_id

    def attach_disk(self, fence: Fence, server_id: str, disk: Disk) -> str:
        def plug(spec: GuestSpec) -> GuestSpec:
            disks = [d for d in spec.disks if d.volume_id != disk.volume_id]
            return msgspec.structs.replace(spec, disks=[*disks, disk]) if len(disks) == len(spec.disks) else spec

        spec = self._change("attach_disk", server_id, plug)
        index = [d.volume_id for d in spec.disks].index(disk.volume_id)
        return f"/dev/vd{LETTERS[index + (spec.root is not None)]}"

    def detach_disk(self, fence: Fence, server_id: str, volume_id: str) -> bool:
        def unplug(spec: GuestSpec) -> GuestSpec:
            return msgspec.structs.replace(spec, disks=[d for d in spec.disks if d.volume_id != volume_id])

        state = self.state(server_id)
        if state is GuestState.PAUSED and volume_id in {disk.volume_id for disk in self._guest(server_id)[1].disks}:
            return False
        if state is not GuestState.ABSENT:
            self._change("detach_disk", server_id, unplug)
        return True

    def attach_nic(self, fence: Fence, server_id: str, nic: Nic) -> None:
        def plug(spec: GuestSpec) -> GuestSpec:
            others = [n for n in spec.nics if n.port_id != nic.port_id]
            return msgspec.structs.replace(spec, nics=[*others, nic])

        self._change("attach_nic", server_id, plug)
        if self.state(server_id) in _ALIVE:
            self._plug(fence, [nic])

    def detach_nic(self, fence: Fence, server_id: str, port_id: str) -> bool:
        def unplug(spec: GuestSpec) -> GuestSpec:
            return msgspec.structs.replace(spec, nics=[n for n in spec.nics if n.port_id != port_id])

        state = self.state(server_id)
        if state is GuestState.PAUSED and port_id in {nic.port_id for nic in self._guest(server_id)[1].nics}:
            return False
        if state is not GuestState.ABSENT:
            spec = self._guest(server_id)[1]
            self._unplug(fence, [nic for nic in spec.nics if nic.port_id == port_id])
            self._change("detach_nic", server_id, unplug)
        return True

    def publish_metadata(self, fence: Fence, server_id: str, metadata: GuestMetadata) -> None:
        with self._order("publish_metadata"):
            self._store(msgspec.structs.replace(self._guest(server_id)[1], metadata=metadata))

    def state(self, server_id: str) -> GuestState:
        with self.lock:
            row = self.database.execute("SELECT state FROM guest WHERE server_id = ?", (server_id,)).fetchone()
        return GuestState(row[0]) if row else GuestState.ABSENT

    def states(self) -> dict[str, GuestState]:
        with self.lock:
            rows = self.database.execute("SELECT server_id, state FROM guest").fetchall()
        return {server_id: GuestState(state) for server_id, state in rows}

    def reason(self, server_id: str) -> str:
        if server_id in self.without_room:
            return "the disk of its host is full"
        return "the fake was told to let it die" if self.state(server_id) is GuestState.FAILED else ""

    def cards(self, server_id: str | None = None) -> dict[str, list[str]]:
        return {each: [nic.port_id for nic in devices.nics] for each, devices in self._devices(server_id)}

    def disks(self) -> dict[str, list[str]]:
        return {each: [disk.volume_id for disk in devices.disks] for each, devices in self._devices(None)}

    def _devices(self, server_id: str | None) -> list[tuple[str, "_Devices"]]:
        chosen, values = ("", ()) if server_id is None else (" WHERE server_id = ?", (server_id,))
        with self.lock:
            rows = self.database.execute(f"SELECT server_id, spec FROM guest{chosen}", values).fetchall()  # noqa: S608
        return [(each, _DEVICES.decode(spec)) for each, spec in rows]

    def console_log(self, server_id: str, lines: int | None) -> str:
        with self._order("console_log"):
            self._guest(server_id)
            (text,) = self.database.execute("SELECT console FROM guest WHERE server_id = ?", (server_id,)).fetchone()
        return last_lines(text, lines)

    def vnc_socket(self, server_id: str) -> str:
        with self._order("vnc_socket"):
            state, _ = self._guest(server_id)
            if state not in _ALIVE:
                raise HypervisorError(f"guest {server_id} is {state} and shows no screen")
            if not self.screen:
                raise HypervisorError("guests of the fake hypervisor have no screen")
            return self.screen

    def host(self) -> Host:
        return self.shown

    def password(self, server_id: str) -> str:
        self._guest(server_id)
        return passwords.read(self.passwords / server_id).decode()

    def clear_password(self, fence: Fence, server_id: str) -> None:
        self._guest(server_id)
        passwords.clear(self.passwords / server_id)

    def uptime(self) -> str:
        return uptime()

    @contextmanager
    def _order(self, method: str) -> Iterator[None]:
        with self.lock:
            self._fail_if_told(method)
            yield

    def _fail_if_told(self, method: str) -> None:
        row = self.database.execute(
            "SELECT id, message FROM failure WHERE method = ? ORDER BY id LIMIT 1", (method,)
        ).fetchone()
        if row:
            self.database.execute("DELETE FROM failure WHERE id = ?", (row[0],))
            raise HypervisorError(row[1])

    def _guest(self, server_id: str) -> tuple[GuestState, GuestSpec]:
        with self.lock:
            row = self.database.execute("SELECT state, spec FROM guest WHERE server_id = ?", (server_id,)).fetchone()
        if row is None:
            raise HypervisorError(f"guest {server_id} is not on this host")
        return GuestState(row[0]), msgspec.json.decode(row[1], type=GuestSpec)

    def _must_be_off(self, server_id: str, what: str) -> None:
        state, _ = self._guest(server_id)
        if state is not GuestState.OFF:
            raise HypervisorError(f"guest {server_id} is {state}: cannot {what}")

    def _make_disk(self, server_id: str, name: str, disk: RootDisk) -> None:
        """Unless it exists; then it grows to the size, if it is smaller."""
        self.database.execute(
            "INSERT INTO disk VALUES (?, ?, ?, ?) ON CONFLICT (server_id, name)"
            " DO UPDATE SET size_gib = max(size_gib, excluded.size_gib)",
            (server_id, name, disk.image_id, disk.size_gib),
        )

    def _set(self, server_id: str, state: GuestState) -> None:
        with self.lock:
            self.database.execute("UPDATE guest SET state = ? WHERE server_id = ?", (state, server_id))

    def _move(self, method: str, server_id: str, begin: tuple[GuestState, ...], end: GuestState) -> None:
        with self._order(method):
            state, _ = self._guest(server_id)
            if state not in begin:
                raise HypervisorError(f"guest {server_id} is {state}: cannot {method}")
            self._set(server_id, end)

    def _plug(self, fence: Fence, nics: Sequence[Nic]) -> None:
        if self.wiring is None:
            return
        try:
            for nic in nics:
                self.wiring.plug(fence, nic.port_id, nic.mac, nic.mtu)
        except Silent as error:
            raise NetworkSilent(f"a network card is not plugged yet: {error}") from error
        except NetworkError as error:
            raise HypervisorError(f"a network card could not be plugged: {error}") from error

    def _unplug(self, fence: Fence, nics: Sequence[Nic]) -> None:
        if self.wiring is None:
            return
        try:
            for nic in nics:
                self.wiring.unplug(fence, nic.port_id)
        except Silent as error:
            raise NetworkSilent(f"a network card is not unplugged yet: {error}") from error
        except NetworkError as error:
            raise HypervisorError(f"a network card could not be unplugged: {error}") from error

    def _store(self, spec: GuestSpec) -> None:
        self.database.execute(
            "UPDATE guest SET spec = ? WHERE server_id = ?", (msgspec.json.encode(spec), spec.server_id)
        )

    def _change(self, method: str, server_id: str, change: Callable[[GuestSpec], GuestSpec]) -> GuestSpec:
        with self._order(method):
            state, spec = self._guest(server_id)
            if state is GuestState.SUSPENDED:
                raise HypervisorError(f"guest {server_id} is suspended: resume it before changing its devices")
            changed = change(spec)
            self._store(changed)
            return changed
