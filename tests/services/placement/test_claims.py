"""Claims: fifty at once for room for ten."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from kumoi.kernel.database import Database
from kumoi.services.placement import facade
from kumoi.services.placement.facade import Inventory, Lack, NoRoom, ProviderNotFound

HOST = "aaaaaaaa-0000-4000-8000-000000000001"
DISABLED = "COMPUTE_STATUS_DISABLED"
SECOND_HOST = "aaaaaaaa-0000-4000-8000-000000000002"


def consumer(number: int) -> str:
    return f"cccccccc-0000-4000-8000-{number:012d}"


def add_host(
    cloud: Any, provider_id: str = HOST, name: str = "host-1", traits: tuple[str, ...] = (), **more: Any
) -> None:
    inventory = {
        "VCPU": Inventory(4, allocation_ratio=16.0),
        "MEMORY_MB": Inventory(**{"total": 6000, "reserved": 880, **more}),
    }
    cloud.database.write(lambda tx: facade.ensure_provider(tx, provider_id, name, inventory, traits))


def claim(cloud: Any, number: int, provider_id: str = HOST, memory: int = 512) -> bool:
    try:
        cloud.database.write(
            lambda tx: facade.claim(tx, consumer(number), provider_id, {"VCPU": 1, "MEMORY_MB": memory}, "p", "u")
        )
    except NoRoom:
        return False
    return True


class Tables:
    """A database without the rest of a cloud."""

    def __init__(self, database: Database) -> None:
        self.database = database


@pytest.fixture
def tables(database_url: str) -> Iterator[Tables]:
    database = Database(database_url)
    database.create_all()
    yield Tables(database)
    database.close()


def test_fifty_claims_for_room_for_ten(tables: Tables) -> None:
    add_host(tables)
    with ThreadPoolExecutor(16) as pool:
        took = list(pool.map(lambda number: claim(tables, number), range(50)))
    assert sum(took) == 10
    assert tables.database.read(lambda tx: facade.usages(tx, HOST)) == {"MEMORY_MB": 5120, "VCPU": 10}
    assert len(tables.database.read(facade.consumers)) == 10


def test_a_claim_may_be_repeated_and_released_twice(cloud: Any) -> None:
    add_host(cloud)
    assert claim(cloud, 1) and claim(cloud, 1)
    assert cloud.database.read(lambda tx: facade.usages(tx, HOST)) == {"MEMORY_MB": 512, "VCPU": 1}
    for _ in range(2):
        cloud.database.write(lambda tx: facade.release(tx, consumer(1)))
    assert cloud.database.read(lambda tx: facade.usages(tx, HOST)) == {}
    assert cloud.database.read(facade.consumers) == []


def test_candidates_are_ordered_by_free_memory_and_say_why_not(cloud: Any) -> None:
    add_host(cloud)
    add_host(cloud, SECOND_HOST, "host-2", total=9000)
    wanted = {"VCPU": 1, "MEMORY_MB": 512}
    names = [c.name for c in cloud.database.read(lambda tx: facade.candidates(tx, wanted, most_free="MEMORY_MB"))]
    assert names == ["host-2", "host-1"]
    assert claim(cloud, 1, SECOND_HOST, memory=8000)
    names = [c.name for c in cloud.database.read(lambda tx: facade.candidates(tx, wanted))]
    assert names == ["host-1"]
    (why,) = cloud.database.read(lambda tx: facade.shortfalls(tx, wanted))
    assert why.provider_name == "host-2" and why.lacks == [Lack("MEMORY_MB", 392, 120, 8120)]


def test_a_disabled_host_and_missing_traits(cloud: Any) -> None:
    add_host(cloud, traits=(DISABLED,))
    add_host(cloud, SECOND_HOST, "host-2", traits=("HW_CPU_X86_AVX",))
    found = cloud.database.read(lambda tx: facade.candidates(tx, {"VCPU": 1}, forbidden=[DISABLED]))
    assert [c.name for c in found] == ["host-2"]
    assert cloud.database.read(lambda tx: facade.candidates(tx, {"VCPU": 1}, ["HW_CPU_X86_AVX2"])) == []
    short = cloud.database.read(lambda tx: facade.shortfalls(tx, {"VCPU": 1}, ["HW_CPU_X86_AVX2"], [DISABLED]))
    assert [(each.lacks, each.forbidden, each.required) for each in short] == [
        ([], [DISABLED], ["HW_CPU_X86_AVX2"]), ([], [], ["HW_CPU_X86_AVX2"]),
    ]  # fmt: skip


def test_a_refusal_carries_its_facts(cloud: Any) -> None:
    add_host(cloud)
    with pytest.raises(NoRoom) as refused:
        cloud.database.write(lambda tx: facade.claim(tx, consumer(1), HOST, {"MEMORY_MB": 9000}, "p", "u"))
    error = refused.value
    assert (error.provider_id, error.resource_class, error.amount) == (HOST, "MEMORY_MB", 9000)
    with pytest.raises(ProviderNotFound) as absent:
        cloud.database.write(lambda tx: facade.claim(tx, consumer(1), SECOND_HOST, {"VCPU": 1}, "p", "u"))
    assert absent.value.provider_id == SECOND_HOST


def test_the_caller_says_what_kind_of_consumer_it_is(cloud: Any) -> None:
    """Compute's are INSTANCE; others have their own types."""
    add_host(cloud)
    cloud.database.write(lambda tx: facade.claim(tx, consumer(1), HOST, {"VCPU": 1}, "p", "u", consumer_type="NODE"))
    shown = cloud.get(f"/placement/allocations/{consumer(1)}", as_="admin", version="1.38").json
    assert shown["consumer_type"] == "NODE"


@pytest.mark.parametrize(
    ("limits", "memory", "fits"),
    [
        ({"min_unit": 513}, 512, False),
        ({"max_unit": 511}, 512, False),
        ({"step_size": 100}, 512, False),
        ({"step_size": 128}, 512, True),
        ({"total": 1000, "reserved": 488, "allocation_ratio": 1.0}, 512, True),
        ({"total": 1000, "reserved": 489, "allocation_ratio": 1.0}, 512, False),
        ({"total": 400, "reserved": 0, "allocation_ratio": 1.5}, 512, True),
    ],
)
def test_units_and_ratios(cloud: Any, limits: dict[str, Any], memory: int, fits: bool) -> None:
    add_host(cloud, **limits)
    assert claim(cloud, 1, memory=memory) is fits
    found = cloud.database.read(lambda tx: facade.candidates(tx, {"VCPU": 1, "MEMORY_MB": 1}))
    assert claim(cloud, 1, memory=memory) is fits or not found


def test_a_host_that_shrinks_keeps_its_guests(cloud: Any) -> None:
    add_host(cloud)
    assert all(claim(cloud, number) for number in range(10))
    add_host(cloud, total=2000)
    assert claim(cloud, 3) and not claim(cloud, 11)
    assert cloud.database.read(lambda tx: facade.usages(tx, HOST))["MEMORY_MB"] == 5120
