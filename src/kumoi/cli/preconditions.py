"""Checks what a machine must have to run a cloud. Each problem is one sentence that says what to do."""

import errno
import ipaddress
import json
import os
import pwd
import shutil
import socket
import sqlite3
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import sqlalchemy

from kumoi.engines.hypervisor.qemu import accelerator
from kumoi.engines.hypervisor.qemu.users import uids_of
from kumoi.front import configuration
from kumoi.kernel import accounts, processes, resolvers
from kumoi.kernel.database import Database
from kumoi.kernel.errors import DatabaseAway
from kumoi.kernel.settings import LONGEST_DATA_PATH, Folder, Settings

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PROGRAMS = {
    "always": {"nginx": "nginx"},
    "qemu": {
        "qemu-system-x86_64": "qemu-system-x86",
        "qemu-img": "qemu-utils",
        "prlimit": "util-linux",
        "genisoimage": "genisoimage",
    },
    "ovn": {
        "ovsdb-server": "openvswitch-switch",
        "ovs-vswitchd": "openvswitch-switch",
        "ovn-northd": "ovn-central",
        "ovn-controller": "ovn-host",
        "ip": "iproute2",
        "nft": "nftables",
    },
}
"""Program → Debian package, for each engine."""
_NO_UID = (1 << 32) - 1
"""Not a uid for the kernel."""
WAIT_FOR_LOCK = 5.0
"""Seconds."""
DATABASE_PATIENCE = 3.0
"""Seconds for which a database server may be unreachable, because it may be starting."""
LEAST_DISK_MIB = {True: 1024, False: 100}
"""Required free space in MiB, with and without real guests."""


def problems(folder: Folder, settings: Settings, *, running: bool, held_port: int | None = None) -> list[str]:
    """One sentence per problem; empty if there is none. `running`: this cloud is up, so its addresses and `held_port`
    are in use by itself."""
    found = [*_path(folder, settings), *_power(settings), *_programs(settings), *_disk(folder, settings)]
    found += [
        *_name_servers(settings),
        *_certificate(settings),
        *_object_store(settings),
        *_port(settings, held_port),
        *_external(settings, running=running),
        *_guest_uids(settings),
    ]
    return found or [*_database(folder, settings, running=running), *_accelerator(folder, settings)]


def notes(folder: Folder, settings: Settings) -> list[str]:
    """Warnings. Called after the host agent has started, because the agent tests the accelerator."""
    return [*_open_address(settings), *_slow_guests(folder, settings)]


def _open_address(settings: Settings) -> Iterator[str]:
    if settings.tls_certificate:
        return
    for where in socket.getaddrinfo(settings.address, settings.port, type=socket.SOCK_STREAM):
        if not ipaddress.ip_address(where[4][0]).is_loopback:
            yield (
                f"address: {settings.address} is open to other machines without TLS, so that passwords and tokens can be "
                "read on the way: --set tls_certificate=FILE --set tls_key=FILE"
            )
            return


def _slow_guests(folder: Folder, settings: Settings) -> list[str]:
    if settings.hypervisor == "qemu" and settings.accelerator == "auto":
        if not Path("/dev/kvm").exists():
            return ["this machine has no /dev/kvm: guests are emulated in software, which is slow"]
        if Path("/sys/module/kvm_pvm").exists():
            return ["this machine's KVM is of the PVM kind, which hangs stock guests: they are emulated in software"]
        if accelerator.last_verdict(folder.host / "accelerator.json") is False:
            return [
                "this machine has a /dev/kvm, but a machine that was tried with it did not start: guests are emulated in "
                f"software, which is slow; why is in {folder.log / 'agent.log'}"
            ]
    return []


def _path(folder: Folder, settings: Settings) -> Iterator[str]:
    length = len(os.fsencode(folder.data))
    if length > LONGEST_DATA_PATH:
        yield f"--data: {folder.data} has {length} bytes, at most {LONGEST_DATA_PATH} fit: choose a shorter path"
    if settings.hypervisor == "qemu" and os.geteuid() == 0:
        for parent in folder.data.parents:
            if parent.exists() and not parent.stat().st_mode & 0o001:
                yield (
                    f"--data: guests run as an unprivileged user, who may not enter {parent}: "
                    "choose a folder that every user may enter, such as /var/lib/kumoi"
                )
                break
    if os.geteuid() == 0 and not Path(__file__).stat().st_mode & 0o004:
        yield f"the program is readable by root alone: chmod -R go+rX {Path(__file__).parents[3]}"
    if any(character in str(folder.data) for character in configuration.NOT_IN_PATHS):
        yield f"--data: {folder.data} contains a space or a character that nginx does not accept: choose another path"


def _power(settings: Settings) -> Iterator[str]:
    real = [
        name for name, value in (("hypervisor", settings.hypervisor), ("network", settings.network)) if value != "fake"
    ]
    if real and os.geteuid() != 0:
        fakes = " ".join(f"--set {name}=fake" for name in real)
        yield f"real guests and networks need root: run it as root, or use fakes with {fakes}"


def _programs(settings: Settings) -> Iterator[str]:
    missing: dict[str, list[str]] = {}
    for kind in ("always", settings.hypervisor, settings.network):
        for program, package in PROGRAMS.get(kind, {}).items():
            if shutil.which(program, path=PATH) is None:
                missing.setdefault(package, []).append(program)
    for package, programs in missing.items():
        yield f"{', '.join(programs)} is missing: apt-get install --no-install-recommends {package}"


def _disk(folder: Folder, settings: Settings) -> Iterator[str]:
    place = next(path for path in (folder.data, *folder.data.parents) if path.exists())
    free = shutil.disk_usage(place).free >> 20
    least = LEAST_DISK_MIB[settings.hypervisor == "qemu"]
    if free < least:
        yield f"--data: {place} has {free} MiB free, {least} MiB are needed: make room or choose another folder"


def _name_servers(settings: Settings) -> Iterator[str]:
    try:
        for version in (4, 6):
            resolvers.default(settings, version)
    except ValueError as error:
        yield f"dns_servers: {error}: give addresses with commas between them, or none"


def _certificate(settings: Settings) -> Iterator[str]:
    if bool(settings.tls_certificate) != bool(settings.tls_key):
        yield "tls_certificate, tls_key: both or none"
    for name, path in (("tls_certificate", settings.tls_certificate), ("tls_key", settings.tls_key)):
        if path and not os.access(path, os.R_OK):
            yield f"{name}: {path} cannot be read"
            return
    if settings.tls_certificate and settings.tls_key:
        try:
            # an empty password, so that it does not prompt for one
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_certificate, settings.tls_key, "")
        except OSError as error:
            reason = getattr(error, "reason", "") or "no certificate and its key in PEM"
            yield (
                f"tls_certificate, tls_key: {settings.tls_certificate} and {settings.tls_key} cannot be used ({reason}): "
                "give a certificate chain and its key without a password, both in PEM"
            )


def _object_store(settings: Settings) -> Iterator[str]:
    from kumoi.services.object_store import facade

    try:
        facade.parse_rates(settings.writes_per_container)
    except ValueError:
        yield f"writes_per_container: {settings.writes_per_container!r} is not of the form objects:rate, objects:rate"
    names = dict[str, facade.Realm]()
    if settings.container_sync_realms:
        try:
            names = facade.parse_realms(Path(settings.container_sync_realms).read_text())
        except (OSError, UnicodeError, facade.InvalidRealms) as error:
            yield f"container_sync_realms: {settings.container_sync_realms} cannot be used: {error}"
            return
    for name, text in (
        ("container_sync_current", settings.container_sync_current),
        ("container_copies", settings.container_copies),
    ):
        realm, _, cluster = text.removeprefix("//").upper().partition("/")
        if text and (realm not in names or cluster not in names[realm].clusters):
            yield f"{name}: {text} is no cluster of the realms in container_sync_realms"


def _port(settings: Settings, held: int | None) -> Iterator[str]:
    """`held`: the port that this cloud itself listens at, where only the address is tried."""
    try:
        asked = 0 if held == settings.port else settings.port
        where = socket.getaddrinfo(settings.address, asked, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        yield f"address: {settings.address} is none: {error.strerror}"
        return
    with socket.socket(where[0], socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(where[4])
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                yield f"address: {settings.address} is none of this machine's: `ip address` shows them"
                return
            what = f"{settings.address} port {settings.port}"
            yield f"--port: {what} cannot be had ({error.strerror}): end what holds it, or choose another with --port"


def _external(settings: Settings, *, running: bool) -> Iterator[str]:
    if settings.network != "ovn" or shutil.which("ip", path=PATH) is None:
        return
    try:
        wanted = ipaddress.ip_network(settings.external_cidr)
    except ValueError as error:
        yield f"external_cidr: {error}"
        return
    if wanted.version != 4 or wanted.prefixlen > 29:
        yield f"external_cidr: {wanted} is no IPv4 network of at least eight addresses: choose one such as 172.24.4.0/24"
        return
    cards = json.loads(processes.run(["ip", "-json", "address"]))
    yield from _card(settings, [card["ifname"] for card in cards])
    if running:
        return
    for card in cards:
        for address in card.get("addr_info", []):
            held = ipaddress.ip_interface(f"{address['local']}/{address['prefixlen']}").network
            own = card["ifname"] == f"kumoi-{settings.cloud_id}" or card["ifname"] == settings.external_interface
            if held.version == wanted.version and held.overlaps(wanted) and not own:
                yield (
                    f"external_cidr: {wanted} overlaps {held} of this machine's {card['ifname']}: "
                    "choose another with --set external_cidr=A.B.C.D/24"
                )
                return


def _guest_uids(settings: Settings) -> Iterator[str]:
    """The uids of guests must not be used by anything else on this machine."""
    uids = uids_of(settings)
    if not uids or uids[-1] >= _NO_UID:
        yield f"guest_uids: {settings.guest_uids} is not a range of uids: give the first and the last, as in 700000-765535"
        return
    taken = [account.pw_name for account in pwd.getpwall() if account.pw_uid in uids]
    if taken:
        yield (
            f"guest_uids: {uids[0]}-{uids[-1]} contains the uid of {taken[0]}: choose uids that this machine does not use "
            "with --set guest_uids=FIRST-LAST"
        )


def _card(settings: Settings, cards: list[str]) -> Iterator[str]:
    if settings.external_interface and settings.external_interface not in cards:
        there = ", ".join(name for name in cards if name != "lo" and not name.startswith("kumoi")) or "none"
        yield (
            f"external_interface: this machine has no network card {settings.external_interface} (it has {there}): "
            "name one of them, or none with --set external_interface="
        )


def _accelerator(folder: Folder, settings: Settings) -> Iterator[str]:
    if settings.hypervisor != "qemu" or settings.accelerator != "kvm":
        return
    works = accelerator.last_verdict(folder.host / "accelerator.json")
    if works is None:
        user = accounts.GUEST if os.geteuid() == 0 and accounts.numbers(accounts.GUEST) else None
        works = accelerator.kvm_may_work() and accelerator.boots("kvm", user)
    if not works:
        why = "a machine that was tried with KVM did not start" if Path("/dev/kvm").exists() else "there is no /dev/kvm"
        yield (
            f"accelerator: KVM does not work on this machine ({why}): switch virtualization on in its firmware or, if it is "
            "a guest itself, in its hypervisor, or emulate guests in software, which is slow, with --set accelerator=auto"
        )


def _database(folder: Folder, settings: Settings, *, running: bool) -> Iterator[str]:
    url = sqlalchemy.make_url(folder.database_url(settings))
    try:
        if url.get_backend_name() != "sqlite":
            database = Database(folder.database_url(settings), patience=DATABASE_PATIENCE)
            database.read(lambda tx: tx.scalar(sqlalchemy.text("select 1")))
            yield from _newer(database)
            database.close()
        elif url.database and Path(url.database).exists():
            with closing(sqlite3.connect(url.database, timeout=WAIT_FOR_LOCK, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
                if not running and (found := connection.execute("PRAGMA quick_check(1)").fetchone()) != ("ok",):
                    yield _damaged(url.database, str(found[0]))
                    return
            database = Database(folder.database_url(settings), patience=WAIT_FOR_LOCK)
            yield from _newer(database)
            database.close()
    except (sqlalchemy.exc.SQLAlchemyError, sqlite3.Error, DatabaseAway) as error:
        cause = error.__cause__ if isinstance(error, DatabaseAway) else error
        reason = str(getattr(cause, "orig", cause)).strip().splitlines()[0]
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            yield _damaged(str(url.database), reason)
            return
        yield f"database: {url} cannot be used: {reason}. Is the server up, or does another program hold it?"


def _newer(database: Database) -> Iterator[str]:
    from kumoi import migrations

    if not migrations.known(database):
        yield (
            "database: its tables are of a newer version of Kumoi: install that version, or restore a backup of this version "
            "into an empty folder: kumoi restore --data E FILE"
        )


def _damaged(path: str, reason: str) -> str:
    return (
        f"database: {path} is damaged ({' '.join(reason.split())}). Keep a copy of the data folder, then restore a backup "
        "into an empty folder: kumoi restore --data E FILE"
    )
