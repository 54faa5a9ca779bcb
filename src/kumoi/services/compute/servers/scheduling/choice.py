"""Chooses a host in the transaction that claims it, so that two servers cannot both take the last place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.services.block_storage import facade as block_storage
from kumoi.services.compute import shortfalls
from kumoi.services.compute.aggregate_rows import store as aggregate_rows_store
from kumoi.services.compute.block_devices.models import BlockDeviceRow
from kumoi.services.compute.hosts import store as hosts_store
from kumoi.services.compute.server_group_rows import store as server_group_rows_store
from kumoi.services.compute.servers import store
from kumoi.services.compute.servers.models import ServerRow
from kumoi.services.compute.servers.scheduling import filters
from kumoi.services.compute.servers.scheduling.filters import Group, HostFacts, Wish
from kumoi.services.compute.servers.scheduling.hints import read
from kumoi.services.image import facade as images
from kumoi.services.placement import facade as placement
from kumoi.services.placement.facade import Candidate


@dataclass(frozen=True)
class Nowhere:
    """No host fits. `details`: each host and why, for admins; `told`: the same without hosts, one sentence each."""

    details: str
    told: list[str]
    no_hosts_yet: bool
    """None has registered itself."""


@dataclass(frozen=True)
class Chosen:
    provider_id: str
    name: str
    zone: str


def choose(
    tx: Transaction, server: ServerRow, devices: Sequence[BlockDeviceRow], amounts: Mapping[str, int],
    extra_specs: Mapping[str, str], *, without: Sequence[str] = (),
) -> Chosen | Nowhere:  # fmt: skip
    """`amounts` and `extra_specs`: of the flavor that the server will have. `without`: hosts that it must leave."""
    properties = image_properties(tx, server, devices)
    required, forbidden = traits({**extra_specs, **_traits_of(properties)})
    found = placement.candidates(tx, amounts, required, forbidden, most_free="MEMORY_MB")
    wish = _wish(tx, server, devices, extra_specs, properties, frozenset(required))
    facts = _facts(tx)
    refused: dict[str, list[str]] = {}
    fitting: list[tuple[Candidate, HostFacts]] = []
    for candidate in found:
        host = facts.get(candidate.name)
        if host is None:
            continue
        why = filters.reasons(wish, host)
        if host.name in without:
            why.insert(0, "it has to leave this host")
        if why:
            refused[host.name] = why
        else:
            fitting.append((candidate, host))
    if fitting:
        # Sorting is stable: hosts that are preferred alike stay in the order of their free memory.
        candidate, host = max(fitting, key=lambda each: filters.attraction(wish, each[1]))
        return Chosen(candidate.provider_id, host.name, host.zone)
    short = placement.shortfalls(tx, amounts, required, forbidden)
    return _nowhere(short, refused, wish)


def against_image(
    tx: Transaction, server: ServerRow, devices: Sequence[BlockDeviceRow], properties: Mapping[str, str]
) -> list[str]:
    """Why the server's own host does not suit another image; empty: it does."""
    extra_specs = server["flavor"]["extra_specs"]
    of_image, _ = traits(_traits_of(properties))
    of_flavor, _ = traits(extra_specs)
    short = placement.shortfalls(tx, {"VCPU": server["flavor"]["vcpus"]}, of_image)
    why = [
        f"it lacks the trait {trait}"
        for each in short
        if each.provider_name == server["host"]
        for trait in each.required
    ]
    host = _facts(tx).get(server["host"] or "")
    if host is not None:
        wish = _wish(tx, server, devices, extra_specs, properties, frozenset([*of_flavor, *of_image]))
        why += filters.reasons(wish, host, filters.OF_IMAGES)
    return why


def traits(extra_specs: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Required and forbidden, from a flavor's `trait:NAME=required|forbidden`."""
    named = {key.removeprefix("trait:"): value for key, value in extra_specs.items() if key.startswith("trait:")}
    required = [name for name, value in named.items() if value == "required"]
    return required, [shortfalls.DISABLED, *(name for name, value in named.items() if value == "forbidden")]


def image_properties(tx: Transaction, server: ServerRow, devices: Sequence[BlockDeviceRow]) -> Mapping[str, str]:
    """Of the image that the server, or its root volume, was made from."""
    root = next((device for device in devices if device["boot_index"] == 0), None)
    image_id = server["image_id"]
    if image_id is None and root is not None and root["source_type"] == "image":
        image_id = root["source_id"]
    if image_id is not None:
        image = images.by_ids(tx, [image_id]).get(image_id)
        return image.properties if image else {}
    if root is not None and root["volume_id"]:
        volume = block_storage.by_ids(tx, [root["volume_id"]]).get(root["volume_id"])
        return volume.image_metadata if volume else {}
    return {}


def _traits_of(properties: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in properties.items() if key.startswith("trait:") and value == "required"}


def _wish(
    tx: Transaction, server: ServerRow, devices: Sequence[BlockDeviceRow], extra_specs: Mapping[str, str],
    properties: Mapping[str, str], required: frozenset[str],
) -> Wish:  # fmt: skip
    hints = read(server["scheduler_hints"] or {}).kept
    named = [*hints.get("same_host", []), *hints.get("different_host", [])]
    return Wish(
        project_id=server["project_id"],
        zone=server["pinned_availability_zone"],
        hosts=frozenset(_wanted_hosts(tx, server, devices)),
        forced=server["wanted_host"] is not None,
        extra_specs=extra_specs,
        properties=properties,
        hints=hints,
        hosts_of=store.hosts_of(tx, named, server["project_id"]) if named else {},
        group=_group(tx, server),
        required_traits=required,
    )


def _group(tx: Transaction, server: ServerRow) -> Group | None:
    group_id = server_group_rows_store.of_servers(tx, [server["id"]]).get(server["id"])
    row = server_group_rows_store.find(tx, group_id) if group_id else None
    if row is None:
        return None
    others = [each for each in server_group_rows_store.members_of(tx, [row["id"]])[row["id"]] if each != server["id"]]
    members_on: dict[str, int] = {}
    for host in store.hosts_of(tx, others).values():
        if host is not None:
            members_on[host] = members_on.get(host, 0) + 1
    return Group(row["name"], row["policy"], row["max_server_per_host"] or 1, members_on)


def _wanted_hosts(tx: Transaction, server: ServerRow, devices: Sequence[BlockDeviceRow]) -> set[str]:
    """The hosts that an admin or the server's existing volumes require."""
    volume_ids = [device["volume_id"] for device in devices if device["volume_id"]]
    volumes = block_storage.by_ids(tx, volume_ids).values() if volume_ids else ()
    found = {volume.host for volume in volumes if volume.host}
    return found | {server["wanted_host"]} if server["wanted_host"] else found


def _facts(tx: Transaction) -> dict[str, HostFacts]:
    rows = hosts_store.every(tx)
    room = placement.inventories(tx, [row["id"] for row in rows])
    used = placement.usages_of(tx, [row["id"] for row in rows])
    of_hosts = aggregate_rows_store.of_hosts(tx)
    found = {}
    for row in rows:
        metadata: dict[str, set[str]] = {}
        for aggregate in of_hosts.get(row["id"], ()):
            for key, value in aggregate["metadata"].items():
                metadata.setdefault(key, set()).add(value)
        mine, taken = room.get(row["id"], {}), used.get(row["id"], {})
        free = {name: each.total - each.reserved - taken.get(name, 0) for name, each in mine.items()}
        facts: dict[str, Any] = {
            "host": row["name"], "hypervisor_hostname": row["name"], "hypervisor_type": row["hypervisor_type"],
            "hypervisor_version": row["hypervisor_version"], "cpu_info": row["cpu"], "accelerator": row["accelerator"],
            "vcpus_total": row["vcpus"], "vcpus_used": taken.get("VCPU", 0), "free_ram_mb": free.get("MEMORY_MB", 0),
            "total_usable_ram_mb": row["memory_mib"], "free_disk_mb": free.get("DISK_GB", 0) * 1024,
            "total_usable_disk_gb": row["disk_gib"],
        }  # fmt: skip
        frozen = {key: frozenset(values) for key, values in metadata.items()}
        found[row["name"]] = HostFacts(row["name"], row["availability_zone"], facts, frozen)
    return found


def _nowhere(short: Sequence[placement.Shortfall], refused: Mapping[str, list[str]], wish: Wish) -> Nowhere:
    lines = [f"{each.provider_name}: {'; '.join(shortfalls.reasons(each))}" for each in short]
    lines += [f"{name}: {'; '.join(why)}" for name, why in sorted(refused.items())]
    told = [f"{sentence[0].upper()}{sentence[1:]}." for sentence in shortfalls.summary(short, list(refused.values()))]
    if wish.hosts:
        lines.insert(0, f"it has to be on {' and '.join(sorted(wish.hosts))}")
        told.append("It has to be on one host, where its volumes are or an admin wanted it.")
    return Nowhere("\n".join(lines) or "no host has registered itself yet", told, not short and not refused)
