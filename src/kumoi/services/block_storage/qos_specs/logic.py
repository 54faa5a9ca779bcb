"""The rules of QoS specs and of their volume types."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import Conflict, NotFound
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.errors import InvalidInput, InvalidQosSpecs, QosSpecsNotFound, VolumeTypeNotFound
from kumoi.services.block_storage.qos_specs import store
from kumoi.services.block_storage.qos_specs.models import QosSpecsRow
from kumoi.services.block_storage.qos_specs.models import qos_specs as table
from kumoi.services.block_storage.qos_specs.schemas import ListQuery
from kumoi.services.block_storage.volume_types import store as volume_types_store
from kumoi.services.block_storage.volume_types.models import VolumeTypeRow

CONSUMERS = ("front-end", "back-end", "both")
_SORT_KEYS = {name: name for name in ("id", "name", "consumer", "created_at")}
MOST = 128


def found(tx: Transaction, qos_specs_id: str) -> QosSpecsRow:
    row = store.find(tx, qos_specs_id)
    if row is None:
        raise QosSpecsNotFound(qos_specs_id)
    return row


def page(tx: Transaction, query: ListQuery) -> list[QosSpecsRow]:
    marker = found(tx, query.marker) if query.marker else None
    wanted = {"id": query.id, "name": query.name, "consumer": query.consumer}
    conditions = [table.c[name] == value for name, value in wanted.items() if value is not None]
    order = listing.order(table, query, _SORT_KEYS)
    return store.list_of(tx, conditions, order, marker, query.length, query.offset or 0)


def create(tx: Transaction, asked: dict[str, str]) -> QosSpecsRow:
    specs = dict(asked)
    name, consumer = specs.pop("name", "").strip(), specs.pop("consumer", "back-end")
    if not name:
        raise InvalidInput("qos_specs.name: a name must be given.")
    if store.named(tx, name):
        raise Conflict(f"QoS Specs {name} already exists.")
    return store.insert(
        tx,
        QosSpecsRow(
            id=tx.new_uuid(),
            name=name,
            consumer=_consumer(consumer),
            specs=specs,
            created_at=tx.now,
            updated_at=tx.now,
        ),
    )


def set_keys(tx: Transaction, row: QosSpecsRow, asked: dict[str, str]) -> None:
    """Adds to the existing specs. `consumer` changes who enforces them."""
    specs = dict(asked)
    values = {"consumer": _consumer(specs.pop("consumer"))} if "consumer" in specs else {}
    merged = {**row["specs"], **specs}
    if len(merged) > MOST:
        raise InvalidInput(f"qos_specs: there would be {len(merged)} specs; at most {MOST} are kept.")
    store.update(tx, row["id"], specs=merged, **values)


def unset_keys(tx: Transaction, row: QosSpecsRow, keys: list[str]) -> None:
    for key in keys:
        if key not in row["specs"]:
            raise NotFound(f"QoS spec {row['id']} has no spec with key {key}.")
    store.update(tx, row["id"], specs={key: value for key, value in row["specs"].items() if key not in keys})


def delete(tx: Transaction, row: QosSpecsRow, *, force: bool) -> None:
    """`force`: also while volume types name it."""
    if store.types_of(tx, row["id"]) and not force:
        raise InvalidQosSpecs(f"QoS Specs {row['id']} is still associated with entities.")
    store.release(tx, row["id"])
    store.delete(tx, row["id"])


def associations(tx: Transaction, row: QosSpecsRow) -> list[VolumeTypeRow]:
    return store.types_of(tx, row["id"])


def associate(tx: Transaction, row: QosSpecsRow, volume_type_id: str) -> None:
    volume_type = _type(tx, volume_type_id)
    if volume_type["qos_specs_id"] not in (None, row["id"]):
        raise InvalidQosSpecs(
            f"Type {volume_type_id} is already associated with another qos specs: {volume_type['qos_specs_id']}."
        )
    volume_types_store.update(tx, volume_type_id, qos_specs_id=row["id"])


def disassociate(tx: Transaction, row: QosSpecsRow, volume_type_id: str) -> None:
    """Does nothing if the type does not name it."""
    if _type(tx, volume_type_id)["qos_specs_id"] == row["id"]:
        volume_types_store.update(tx, volume_type_id, qos_specs_id=None)


def disassociate_all(tx: Transaction, row: QosSpecsRow) -> None:
    store.release(tx, row["id"])


def _type(tx: Transaction, volume_type_id: str) -> VolumeTypeRow:
    row = volume_types_store.find(tx, volume_type_id)
    if row is None:
        raise VolumeTypeNotFound(volume_type_id)
    return row


def _consumer(consumer: str) -> str:
    if consumer not in CONSUMERS:
        raise InvalidQosSpecs(f"Valid consumer of QoS specs are: {', '.join(CONSUMERS)}; not '{consumer[:50]}'.")
    return consumer
