"""Shapes of quota sets: docs.openstack.org/api-ref/compute/#quota-sets-os-quota-sets."""

from typing import Annotated

import msgspec

from kumoi.kernel.versions import until

Number = int | Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,10}$")]
Elsewhere = Annotated[Number | None, until("2.35")]
"""Limits that have no effect, because the network service has its own."""


class Query(msgspec.Struct, kw_only=True):
    """`user_id` has no effect, because limits belong to projects."""

    user_id: str | None = None


class Values(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    cores: Number | None = None
    instances: Number | None = None
    key_pairs: Number | None = None
    metadata_items: Number | None = None
    ram: Number | None = None
    server_groups: Number | None = None
    server_group_members: Number | None = None
    injected_files: Annotated[Number | None, until("2.56")] = None
    injected_file_content_bytes: Annotated[Number | None, until("2.56")] = None
    injected_file_path_bytes: Annotated[Number | None, until("2.56")] = None
    fixed_ips: Elsewhere = None
    floating_ips: Elsewhere = None
    security_groups: Elsewhere = None
    security_group_rules: Elsewhere = None

    def given(self) -> dict[str, int]:
        """The limits in the request."""
        named = {f: getattr(self, f) for f in self.__struct_fields__ if f != "force"}
        return {field: int(value) for field, value in named.items() if value is not None}


class Update(Values, kw_only=True, forbid_unknown_fields=True):
    force: bool = False


class UpdateBody(msgspec.Struct, forbid_unknown_fields=True):
    quota_set: Update


class ClassBody(msgspec.Struct, forbid_unknown_fields=True):
    quota_class_set: Values


class Detail(msgspec.Struct):
    limit: int
    in_use: int
    reserved: int = 0


Figure = int | Detail
"""A limit, or, if details are requested, a limit with its usage."""


class QuotaSet(msgspec.Struct, kw_only=True):
    id: str | msgspec.UnsetType = msgspec.UNSET
    cores: Figure
    instances: Figure
    key_pairs: Figure
    metadata_items: Figure
    ram: Figure
    server_groups: Figure
    server_group_members: Figure
    injected_files: Annotated[Figure, until("2.56")]
    injected_file_content_bytes: Annotated[Figure, until("2.56")]
    injected_file_path_bytes: Annotated[Figure, until("2.56")]
    fixed_ips: Annotated[Figure, until("2.35")]
    floating_ips: Annotated[Figure, until("2.35")]
    security_groups: Annotated[Figure, until("2.35")]
    security_group_rules: Annotated[Figure, until("2.35")]


class Body(msgspec.Struct):
    quota_set: QuotaSet


class ClassReply(msgspec.Struct):
    quota_class_set: QuotaSet


def limits(project_id: str | None, values: dict[str, int]) -> QuotaSet:
    return QuotaSet(id=project_id or msgspec.UNSET, **values)


def details(project_id: str, values: dict[str, tuple[int, int]]) -> QuotaSet:
    said = {name: Detail(most, used) for name, (most, used) in values.items()}
    return QuotaSet(id=project_id, **said)
