"""The realms of clouds that copy containers to each other: Swift's `container-sync-realms.conf`, and its signatures."""

import configparser
import functools
import hashlib
import hmac
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import msgspec

FILE = "container-sync-realms.conf"
"""Below the folder of keys, where `kumoi up` puts a copy of the file that the setting names."""


class Realm(msgspec.Struct, frozen=True):
    key: str
    key2: str
    """A second key that is accepted while the first one is being replaced; empty: none."""
    clusters: dict[str, str]
    """Name in capital letters → address of its API, `https://cloud.example/object-store/v1/`."""
    whole_accounts: bool
    """Whether the other clouds may write to every container of this cloud with the realm's key alone."""


class Realms(msgspec.Struct, frozen=True):
    realms: dict[str, Realm] = {}
    """By name in capital letters."""
    hosts: tuple[str, ...] = ()
    """`host` or `host:port` of addresses that a container may name without a realm."""
    here: str = ""
    """`host:port` of this cloud's own address."""
    current: str = ""
    """`//REALM/CLUSTER` of this cloud; empty: it has no name in a realm."""

    def realm(self, name: str) -> Realm | None:
        return self.realms.get(name.upper())


class Target(msgspec.Struct, frozen=True):
    """Where a container is copied to."""

    url: str
    realm: str = ""
    key: str = ""
    """The realm's key; empty without a realm."""
    whole: bool = False
    """A copy of the whole container in the account of the same name, which needs no key of the container."""


class Invalid(Exception):
    """The text says what is wrong with an `X-Container-Sync-To`, or with the file."""


def parse(text: str) -> dict[str, Realm]:
    """Invalid for a file that is none."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise Invalid(f"it cannot be read: {str(error).splitlines()[0]}") from None
    found = {}
    for name in parser.sections():
        section = parser[name]
        clusters = {
            option.removeprefix("cluster_").upper(): value.rstrip("/")
            for option, value in section.items()
            if option.startswith("cluster_")
        }
        if not section.get("key"):
            raise Invalid(f"the realm {name} has no key")
        for cluster, address in clusters.items():
            if not _is_address(address):
                raise Invalid(f"the realm {name}: cluster_{cluster.lower()} is no address of an object store")
        try:
            whole = section.getboolean("whole_accounts", fallback=False)
        except ValueError:
            raise Invalid(f"the realm {name}: whole_accounts is neither true nor false") from None
        found[name.upper()] = Realm(section["key"], section.get("key2", ""), clusters, whole)
    return found


def load(keys: Path) -> dict[str, Realm]:
    """The realms of a cloud, from its folder of keys; none without a file. Read again when the file was replaced."""
    path = keys / FILE
    try:
        changed_at = path.stat().st_mtime_ns
    except FileNotFoundError:
        return {}
    return _load(path, changed_at)


@functools.lru_cache(maxsize=4)
def _load(path: Path, changed_at: int) -> dict[str, Realm]:
    return parse(path.read_text())


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname and parts.path) and parts.port != 0
    except ValueError:
        return False


def target(realms: Realms, sync_to: str, account: str, container: str) -> Target:
    """Where a container with this `X-Container-Sync-To` is copied to; Invalid if that is nowhere, or the container itself."""
    if sync_to.startswith("//"):
        found, is_here = _in_realm(realms, sync_to, account, container), _is_current(realms, sync_to)
    else:
        found = _plain(realms, sync_to)
        is_here = netloc(found.url) == realms.here
    where = [unquote(part) for part in urlsplit(found.url).path.strip("/").split("/")[-2:]]
    if is_here and where == [account, container]:
        raise Invalid(f"{sync_to[:200]!r} is the container itself")
    return found


def netloc(address: str) -> str:
    """Its `host:port`."""
    parts = urlsplit(address)
    return f"{parts.hostname}:{parts.port or {'http': 80}.get(parts.scheme, 443)}"


def _is_current(realms: Realms, sync_to: str) -> bool:
    return bool(realms.current) and sync_to.strip("/").upper().split("/")[:2] == realms.current.strip(
        "/"
    ).upper().split("/")


def _plain(realms: Realms, sync_to: str) -> Target:
    """Of an address without a realm."""
    try:
        parts = urlsplit(sync_to)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Invalid(f"{sync_to[:200]!r} is no address") from None
    if parts.scheme not in ("http", "https") or parts.query or parts.fragment or parts.username:
        raise Invalid(f"{sync_to[:200]!r} is neither //realm/cluster/account/container nor the address of a container")
    if len([part for part in parts.path.split("/") if part]) < 3:
        raise Invalid(f"{sync_to[:200]!r} has no path of a container")
    if not {host, f"{host}:{port}"} & set(realms.hosts):
        raise Invalid(f"the host {parts.netloc[:200]!r} is not among the setting container_sync_hosts")
    return Target(sync_to.rstrip("/"))


def _in_realm(realms: Realms, sync_to: str, account: str, container: str) -> Target:
    parts = sync_to.removeprefix("//").split("/", 3)
    if len(parts) not in (2, 4) or not all(parts):
        raise Invalid(f"{sync_to[:200]!r} is not of the form //realm/cluster/account/container, or //realm/cluster")
    realm = realms.realm(parts[0])
    address = realm.clusters.get(parts[1].upper()) if realm else None
    if realm is None or address is None:
        raise Invalid(f"there is no cluster {parts[1][:100]!r} in a realm {parts[0][:100]!r}")
    where = parts[2:] or [account, container]
    url = f"{address}/{quote(where[0])}/{quote(where[1].rstrip('/'))}"
    return Target(url, parts[0].upper(), realm.key, whole=len(parts) == 2)


def signature(method: str, path: str, timestamp: str, nonce: str, realm_key: str, user_key: str) -> str:
    """`path`: as it stands in the address, encoded."""
    text = f"{method}\n{path}\n{timestamp}\n{nonce}\n{user_key}"
    return hmac.new(realm_key.encode(), text.encode(), hashlib.sha1).hexdigest()
