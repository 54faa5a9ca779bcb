"""Shapes of QoS specs: docs.openstack.org/api-ref/block-storage/v3/#quality-of-service-qos-specifications-qos-specs."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from kumoi.kernel.queries import FlagText
from kumoi.services.block_storage.listing import Link, Page

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9_\-:. ]+$")]
Text = Annotated[str, msgspec.Meta(max_length=255)]
Pairs = Annotated[dict[Key, Text], msgspec.Meta(max_length=128)]


class ListQuery(Page, kw_only=True):
    id: str | None = None
    name: str | None = None
    consumer: str | None = None


class DeleteQuery(msgspec.Struct, kw_only=True):
    force: FlagText | None = None


class TypeQuery(msgspec.Struct, kw_only=True):
    vol_type_id: str


class SpecsBody(msgspec.Struct):
    """Of a new one: also `name` and `consumer`."""

    qos_specs: Pairs


class Keys(msgspec.Struct):
    keys: Annotated[list[Key], msgspec.Meta(min_length=1, max_length=128)]


class QosSpecs(msgspec.Struct, kw_only=True):
    id: str
    name: str
    consumer: str
    specs: dict[str, str]


class Body(msgspec.Struct):
    qos_specs: QosSpecs
    links: list[Link]


class ListBody(msgspec.Struct, kw_only=True):
    qos_specs: list[QosSpecs]
    qos_specs_links: list[Link] | msgspec.UnsetType = msgspec.UNSET


class Association(msgspec.Struct, kw_only=True):
    association_type: str
    id: str
    name: str


class AssociationsBody(msgspec.Struct):
    qos_associations: list[Association]


def qos_specs(row: Mapping[str, Any]) -> QosSpecs:
    return QosSpecs(id=row["id"], name=row["name"], consumer=row["consumer"], specs=row["specs"])


def association(row: Mapping[str, Any]) -> Association:
    return Association(association_type="volume_type", id=row["id"], name=row["name"])
