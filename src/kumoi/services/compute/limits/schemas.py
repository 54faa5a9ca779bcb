"""Shapes of limits: docs.openstack.org/api-ref/compute/#limits-limits."""

from typing import Annotated

import msgspec

from kumoi.kernel.versions import until

Old = Annotated[int, until("2.35")]


class Query(msgspec.Struct, kw_only=True):
    reserved: bool | str = False
    tenant_id: str | None = None


class Absolute(msgspec.Struct, kw_only=True):
    """-1: no limit. What networks keep shows none."""

    maxTotalInstances: int
    maxTotalCores: int
    maxTotalRAMSize: int
    maxTotalKeypairs: int
    maxServerMeta: int
    maxServerGroups: int
    maxServerGroupMembers: int
    totalInstancesUsed: int
    totalCoresUsed: int
    totalRAMUsed: int
    totalServerGroupsUsed: int
    maxPersonality: Annotated[int, until("2.56")]
    maxPersonalitySize: Annotated[int, until("2.56")]
    maxImageMeta: Annotated[int, until("2.38")] = 128
    maxTotalFloatingIps: Old = -1
    maxSecurityGroups: Old = -1
    maxSecurityGroupRules: Old = -1
    totalFloatingIpsUsed: Old = 0
    totalSecurityGroupsUsed: Old = 0


class Limits(msgspec.Struct):
    rate: list[str]
    absolute: Absolute


class Body(msgspec.Struct):
    limits: Limits


def body(values: dict[str, tuple[int, int]]) -> Body:
    """`values`: resource → (limit, in use)."""
    most = {name: pair[0] for name, pair in values.items()}
    used = {name: pair[1] for name, pair in values.items()}
    return Body(
        Limits(
            [],
            Absolute(
                maxTotalInstances=most["instances"], maxTotalCores=most["cores"], maxTotalRAMSize=most["ram"],
                maxTotalKeypairs=most["key_pairs"], maxServerMeta=most["metadata_items"],
                maxServerGroups=most["server_groups"], maxServerGroupMembers=most["server_group_members"],
                totalInstancesUsed=used["instances"], totalCoresUsed=used["cores"], totalRAMUsed=used["ram"],
                totalServerGroupsUsed=used["server_groups"], maxPersonality=most["injected_files"],
                maxPersonalitySize=most["injected_file_content_bytes"],
            ),
        )
    )  # fmt: skip
