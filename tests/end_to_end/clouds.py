"""A test's own cloud, used from outside: by `kumoi`, the `openstack` client, and ssh into its guests."""

import ipaddress
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import openstack
import sqlalchemy as sa

from tests import waits
from tests.ports import free_port, hold

T = TypeVar("T")
REPOSITORY = Path(__file__).parents[2]
BINARIES = Path(sys.executable).parent
BOOT_WITHIN = 300.0
"""Seconds for a guest to boot and open ssh: under software emulation, on a busy machine."""
TRUST_ANYONE = (
    "-o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o LogLevel=ERROR -o BatchMode=yes "
    "-o ConnectTimeout=5 -o ServerAliveInterval=5 -o ServerAliveCountMax=6"
)


HISTORY = ("kernel_", "compute_host_heartbeats", "identity_logins", "sqlite_sequence")
"""Prefixes of tables with history, which are not in use."""


class Failed(AssertionError):
    """A command did not succeed."""


def free_range() -> str:
    """A /24 that is in no network card of this machine and in no other test process."""
    cards = json.loads(subprocess.run(["ip", "-json", "address"], capture_output=True, text=True, check=True).stdout)
    taken = [
        ipaddress.ip_interface(f"{address['local']}/{address['prefixlen']}").network
        for card in cards
        for address in card.get("addr_info", [])
        if address["family"] == "inet"
    ]
    first = os.getpid() % 250
    for number in (*range(first, 250), *range(first)):
        wanted = ipaddress.ip_network(f"172.31.{number}.0/24")
        if not any(wanted.overlaps(other) for other in taken) and hold(str(wanted)):
            return str(wanted)
    raise Failed("no free range for an external network")


def until(what: str, met: Callable[[], T], within: float = BOOT_WITHIN, every: float = 0.3) -> T:
    """The result of `met` when it is first true; AssertionError that names `what` after `within` seconds."""
    return waits.until(met, what, within, every)


class Cloud:
    """A data folder below /tmp with its own port and external range. `up` starts it; `close` removes everything."""

    def __init__(self, **settings: str) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="k-", dir="/tmp"))
        self.home.chmod(0o711)
        self.data = self.home / "d"
        self.port = free_port()
        self.settings = settings
        if settings.get("network") != "fake":
            self.settings = {"external_cidr": free_range(), **settings}
        self.key = self.home / "key"
        self.before: tuple[str, ...] = ()
        """The prefix of the command `kumoi`, to run it as another user."""
        self._connections: dict[str, Any] = {}

    # the command line

    def kumoi(self, *words: str | Path, within: float = BOOT_WITHIN, expect: int = 0) -> str:
        """The output of `kumoi`; Failed if its exit status is not the expected one."""
        argv = [*self.before, str(BINARIES / "kumoi"), str(words[0]), "--data", str(self.data), *map(str, words[1:])]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=within)
        if done.returncode != expect:
            raise Failed(f"kumoi {words[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stderr if expect else done.stdout

    def up(self, *more: str) -> str:
        words = [word for name, value in self.settings.items() for word in ("--set", f"{name}={value}")]
        return self.kumoi("up", "--port", str(self.port), *words, *more)

    def down(self) -> str:
        return self.kumoi("down")

    def status(self) -> dict[str, Any]:
        argv = [*self.before, str(BINARIES / "kumoi"), "status", "--data", str(self.data), "--json"]
        found: dict[str, Any] = json.loads(subprocess.run(argv, capture_output=True, timeout=waits.PATIENCE).stdout)
        return found

    def pids(self, *names: str) -> set[int]:
        return {row["pid"] for row in self.status()["processes"] if row["name"] in names and row["pid"]}

    def kill(self, *names: str) -> set[int]:
        """SIGKILL for every process of these names; their ids."""
        killed = self.pids(*names)
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        return killed

    def audit(self) -> list[dict[str, Any]]:
        argv = [*self.before, str(BINARIES / "kumoi"), "audit", "--data", str(self.data), "--json"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=waits.PATIENCE)
        assert done.stdout, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        assert done.returncode == bool(found)
        return found

    @property
    def cloud_id(self) -> str:
        return str(json.loads((self.data / "settings.json").read_text())["cloud_id"])

    # clients

    def environment(self, cloud: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        return {**kept, "OS_CLIENT_CONFIG_FILE": str(self.data / "clouds.yaml"), "OS_CLOUD": cloud}

    def openstack(self, line: str, *, cloud: str = "kumoi-member", within: float = BOOT_WITHIN) -> str:
        """The output of the `openstack` client for a command line; Failed with its error output."""
        argv = [str(BINARIES / "openstack"), *shlex.split(line)]
        began = time.monotonic()
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=within, env=self.environment(cloud), stdin=subprocess.DEVNULL
        )
        print(f"  {time.monotonic() - began:5.1f} s  openstack {line}", flush=True)
        if done.returncode != 0:
            raise Failed(f"openstack {line}: {(done.stderr or done.stdout).strip()}")
        return done.stdout.strip()

    def value(self, line: str, column: str) -> str:
        """One column of the output of a client's command."""
        return self.openstack(f"{line} -f value -c {column}")

    def refused(self, line: str) -> str:
        """The words with which the client's command fails."""
        try:
            said = self.openstack(line)
        except Failed as error:
            return str(error)
        raise Failed(f"openstack {line} should have been refused and said:\n{said}")

    def sdk(self, cloud: str = "kumoi-member") -> Any:
        """The SDK, for repeated requests."""
        if cloud not in self._connections:
            known = openstack.config.OpenStackConfig(config_files=[str(self.data / "clouds.yaml")])
            self._connections[cloud] = openstack.connection.Connection(config=known.get_one(cloud))
        return self._connections[cloud]

    def server(self, name: str) -> Any:
        """The server of this name as it is now."""
        compute = self.sdk().compute
        return compute.get_server(compute.find_server(name, ignore_missing=False).id)

    def wait_for_server(self, name: str, *states: str, within: float = BOOT_WITHIN) -> Any:
        compute, seen = self.sdk().compute, []

        def reached() -> Any:
            found = compute.get_server(identity)
            if found.status != (seen[-1] if seen else None):
                seen.append(found.status)
            if found.status == "ERROR" and "ERROR" not in states:
                raise Failed(f"server {name} is in ERROR: {found.fault}")
            return found if found.status in states and found.task_state is None else None

        identity = compute.find_server(name, ignore_missing=False).id
        try:
            return until(f"server {name} {' or '.join(states)}", reached, within)
        except AssertionError as error:
            raise Failed(f"{error}; it was {', then '.join(seen)}") from None

    def wait_for_volume(self, name: str, state: str, within: float = BOOT_WITHIN) -> Any:
        storage = self.sdk().block_storage

        def reached() -> Any:
            found = storage.get_volume(identity)
            if found.status.startswith("error"):
                raise Failed(f"volume {name} is in {found.status}")
            return found if found.status == state else None

        identity = storage.find_volume(name, ignore_missing=False).id
        return until(f"volume {name} {state}", reached, within)

    def floating_ip(self, server: str) -> str:
        """A new floating IP's address, on the server's first port."""
        port = next(iter(self.sdk().network.ports(device_id=self.server(server).id)))
        return self.value(f"floating ip create public --port {port.id}", "floating_ip_address")

    def furnish(self) -> None:
        """A key pair, image `small`, network `inside` with a gateway, and security group `open`."""
        self.make_key()
        for line in (
            f"image create --disk-format qcow2 --container-format bare --file {guest_image()} small",
            f"keypair create --public-key {self.key}.pub mine",
            "network create inside",
            "subnet create --network inside --subnet-range 10.77.0.0/24 inside",
            "router create --external-gateway public way-out",
            "router add subnet way-out inside",
            "security group create open",
            "security group rule create --protocol icmp open",
            "security group rule create --protocol tcp --dst-port 22 open",
        ):
            self.openstack(line)

    def holdings(self) -> list[str]:
        """Kind and name of everything in the member's project that bootstrap did not create."""
        sdk = self.sdk()
        found: list[Any] = [*sdk.compute.servers(), *sdk.compute.keypairs(), *sdk.image.images()]
        found += [*sdk.block_storage.volumes(), *sdk.block_storage.snapshots(), *sdk.network.routers()]
        found += [*sdk.network.ips(), *sdk.network.ports(), *sdk.network.networks(is_router_external=False)]
        found += [group for group in sdk.network.security_groups() if group.name != "default"]
        return [f"{type(one).__name__} {one.name or one.id}" for one in found]

    # guests

    def make_key(self) -> None:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "e2e", "-f", self.key], check=True)

    def try_ssh(self, address: str, command: str, within: float = 30.0) -> subprocess.CompletedProcess[str] | None:
        """The ended command in the guest; None if it did not end in time."""
        argv = ["ssh", "-i", str(self.key), *shlex.split(TRUST_ANYONE), f"kumoi@{address}", command]
        try:
            return subprocess.run(argv, capture_output=True, text=True, timeout=within, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return None

    def ssh(self, address: str, command: str, within: float = BOOT_WITHIN) -> str:
        """The output of a command in the guest, which may have to boot first. Failed if the command fails."""

        def connected() -> Any:
            done = self.try_ssh(address, command)
            return done if done is not None and done.returncode != 255 else None

        done = until(f"ssh to {address}", connected, within)
        if done.returncode != 0:
            raise Failed(f"`{command}` in the guest ended with {done.returncode}: {done.stdout}{done.stderr}")
        return str(done.stdout).strip()

    def boot_id(self, address: str) -> str:
        """Another one after each boot of the guest."""
        return self.ssh(address, "cat /proc/sys/kernel/random/boot_id")

    # existing resources

    def processes(self) -> list[str]:
        """Command lines of the processes that name the data folder."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                except OSError:
                    continue
                if re.search(re.escape(str(self.data)) + r"(?![\w.-])", line):
                    found.append(f"{entry.name} {line[:200]}")
        return found

    def kernel_things(self) -> list[str]:
        """Network cards, namespaces and mounts of this cloud."""
        mark = self.cloud_id
        found = [f"card {name}" for _, name in socket.if_nameindex() if mark in name]
        names = subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout.splitlines()
        found += [f"namespace {name}" for name in names if mark in name]
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        return found + [f"mount {line}" for line in mounts if str(self.data) in line or mark in line]

    def taps(self) -> list[str]:
        return [name for _, name in socket.if_nameindex() if name.startswith(f"t{self.cloud_id}")]

    def ovn(self, *words: str) -> str:
        """The output of ovn-nbctl for this cloud."""
        where = f"--db=unix:{self.data}/ovn/central/nb.sock"
        return subprocess.run(
            ["ovn-nbctl", "--timeout=120", where, *words], capture_output=True, text=True, check=True
        ).stdout

    def rows(self) -> dict[str, int]:
        """The number of rows in use in each table."""
        found = {}
        with self.tables() as tables:
            inspector = sa.inspect(tables)
            for name in inspector.get_table_names():
                columns = {column["name"] for column in inspector.get_columns(name)}
                kept = " where deleted_at is null" if "deleted_at" in columns else ""
                if not name.startswith(HISTORY):
                    found[name] = int(tables.scalar(sa.text(f'select count(*) from "{name}"{kept}')) or 0)
        return found

    @contextmanager
    def tables(self) -> Iterator[sa.Connection]:
        """The cloud's database, for reading."""
        url = self.settings.get("database", f"sqlite:///file:{self.data}/database/kumoi.db?mode=ro&uri=true")
        engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
        with engine.connect() as connection:
            yield connection
        engine.dispose()

    def report(self) -> str:
        """Information about a failed test: faults, consoles, ends of logs."""
        parts = []
        try:
            for server in self.sdk().compute.servers():
                parts.append(
                    f"server {server.name} {server.status} {server.vm_state} {server.task_state} {server.fault}"
                )
        except Exception as error:
            parts.append(f"servers: {error}")
        for console in sorted(self.data.glob("guests/*/*.log")):
            parts.append(f"--- {console}\n{console.read_text(errors='replace')[-1500:]}")
        for log in sorted((self.data / "log").glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()
            worth = [line for line in lines if not re.search(r'"level": ?"info"|\|INFO\|', line)][-12:]
            parts.append(f"--- {log}\n" + "\n".join(line[:1500] for line in worth))
        return "\n".join(parts)

    def close(self) -> None:
        if (self.data / "settings.json").exists():
            argv = [*self.before, str(BINARIES / "kumoi"), "down", "--data", str(self.data)]
            subprocess.run(argv, capture_output=True, timeout=BOOT_WITHIN)
        shutil.rmtree(self.home, ignore_errors=True)


class Pings:
    """Echo requests to an address, five per second, from `begin` on."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.said = tempfile.NamedTemporaryFile()  # noqa: SIM115
        argv = ["ping", "-n", "-i", "0.2", address]
        self.process = subprocess.Popen(argv, stdout=self.said, stderr=subprocess.STDOUT)

    def answered(self) -> set[int]:
        """The numbers of the requests that got a reply."""
        return {int(number) for number in re.findall(r"icmp_seq=(\d+) ttl=", Path(self.said.name).read_text())}

    def end(self) -> tuple[int, int]:
        """The number of requests up to the last one with a reply, and of those without. Later ones may be under way: a
        busy machine answers late."""
        last = max(self.answered(), default=0)
        until(f"a reply from {self.address}", lambda: max(self.answered(), default=0) > last)
        answered = self.answered()
        sent = max(answered)
        print(f"  ping {self.address}: {sent} sent, {sent - len(answered)} lost", flush=True)
        return sent, sent - len(answered)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.said.close()


@contextmanager
def pinging(address: str, lost: int = 2) -> Iterator[None]:
    """Meanwhile at most `lost` packets go astray."""
    pings = Pings(address)
    try:
        yield
        sent, astray = pings.end()
    finally:
        pings.close()
    assert sent >= 5
    assert astray <= lost, f"{astray} of {sent} packets were lost"


def guest_image() -> Path:
    """The small Linux that `make install` built."""
    script = REPOSITORY / "scripts" / "guest-image.sh"
    said = subprocess.run([script, "--path"], capture_output=True, text=True, check=True).stdout
    return Path(said.strip())
