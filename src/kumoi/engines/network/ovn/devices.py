"""Links, namespaces and packet filters of this host. Their names contain the cloud's id."""

from pathlib import Path

from kumoi.engines.network.interface import NetworkError
from kumoi.kernel.processes import CommandFailed, run

LINKS = Path("/sys/class/net")
NAMESPACES = Path("/run/netns")


def command(*argv: str, stdin: str | None = None) -> str:
    """Run the command; returns its standard output. NetworkError contains its error output."""
    try:
        return run(argv, within=15.0, stdin=stdin)
    except CommandFailed as error:
        raise NetworkError(f"{' '.join(argv)}: {error.detail}") from error


def link_exists(name: str) -> bool:
    return (LINKS / name).exists()


def index(name: str) -> int:
    """The kernel's index of the link. The kernel never reuses an index while the machine runs."""
    try:
        return int((LINKS / name / "ifindex").read_text())
    except FileNotFoundError:
        raise NetworkError(f"device {name} is not there") from None


def links(*prefixes: str) -> list[str]:
    """Names of links in this namespace that begin with one of the prefixes."""
    return sorted(link.name for link in LINKS.iterdir() if link.name.startswith(prefixes))


def remove_link(name: str) -> None:
    if link_exists(name):
        try:
            run(["ip", "link", "delete", name])
        except CommandFailed as error:
            if link_exists(name):
                raise NetworkError(f"device {name} cannot be removed: {error.detail}") from error


def namespaces(prefix: str) -> list[str]:
    if not NAMESPACES.is_dir():
        return []
    return sorted(entry.name for entry in NAMESPACES.iterdir() if entry.name.startswith(prefix))


def remove_namespace(name: str) -> None:
    if (NAMESPACES / name).exists():
        command("ip", "netns", "delete", name)


def has_ipv6() -> bool:
    """Whether this machine's kernel supports IPv6."""
    return Path("/proc/sys/net/ipv6").exists()


def without_ipv6(name: str) -> None:
    """Prevent the kernel from sending its own advertisements and solicitations from a switch's port."""
    knob = Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6")
    if knob.exists():
        knob.write_text("1\n")


def guard(table: str, name: str) -> None:
    """Drop what arrives on a link, except for the switch.

    The switch reads a copy of each frame. Without this, the host's own stack would get the frame too, answer ARP for
    the host's addresses, and let a guest reach the host despite its security groups.
    """
    chain = f"netdev {table} {name}"
    hook = f'{{ type filter hook ingress device "{name}" priority 0; policy drop; }}'
    # Created again, because some kernels keep the chain of a deleted device, bound to nothing.
    command(
        "nft",
        "-f",
        "-",
        stdin=f"add table netdev {table}\nadd chain {chain}\ndelete chain {chain}\nadd chain {chain} {hook}\n",
    )


def unguard(table: str, name: str) -> None:
    chain = f"netdev {table} {name}"
    try:
        run(["nft", "-f", "-"], stdin=f"add table netdev {table}\nadd chain {chain}\ndelete chain {chain}\n")
    except CommandFailed as error:
        raise NetworkError(f"the guard of {name} cannot be removed: {error.detail}") from error


def remove_table(family: str, table: str) -> None:
    command("nft", "-f", "-", stdin=f"add table {family} {table}\ndelete table {family} {table}\n")
