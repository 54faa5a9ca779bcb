"""The flavors of a new cloud: four sizes that also work under software emulation."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.settings import Settings
from kumoi.services.compute.flavors import logic
from kumoi.services.compute.flavors import store as flavors_store

ORDER = 50

FLAVORS = (
    # id, name, vCPUs, MiB, GiB
    ("1", "m1.tiny", 1, 256, 1),
    ("2", "m1.small", 1, 512, 5),
    ("3", "m1.medium", 2, 1024, 10),
    ("4", "m1.large", 4, 2048, 20),
)


def bootstrap(tx: Transaction, settings: Settings, password_hashes: object) -> None:
    for flavorid, name, vcpus, ram, disk in FLAVORS:
        if flavors_store.find(tx, flavorid) is None and flavors_store.find_by_name(tx, name) is None:
            logic.create(tx, flavorid=flavorid, name=name, vcpus=vcpus, ram=ram, disk=disk)
