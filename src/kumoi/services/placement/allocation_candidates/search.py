"""Searches for ways to place a request's groups of resources on trees of providers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.services.placement.aggregates import store as aggregates_store
from kumoi.services.placement.allocations import store as allocations_store
from kumoi.services.placement.inventories import store as inventories_store
from kumoi.services.placement.inventories.models import InventoryRow, misfit, shortage
from kumoi.services.placement.queries import Wish
from kumoi.services.placement.resource_providers import store as resource_providers_store
from kumoi.services.placement.traits import store as traits_store

SHARES = "MISC_SHARES_VIA_AGGREGATE"
MOST = 1000
"""The maximum number of candidates if the client gives no limit."""


@dataclass(frozen=True)
class Provider:
    id: str
    root: str
    parent: str | None
    inventory: dict[str, InventoryRow]
    used: dict[str, int]
    traits: frozenset[str]
    aggregates: frozenset[str]


@dataclass(frozen=True)
class Question:
    """`groups`: suffix → wish. The group `""` may use several providers of a tree; each other group uses one
    provider."""

    groups: dict[str, Wish]
    isolate: bool = False
    root: Wish = field(default_factory=Wish)
    subtrees: tuple[frozenset[str], ...] = ()
    nested: bool = True
    limit: int | None = None


@dataclass
class Candidate:
    """`places`: suffix → providers in the order of its resource classes; `amounts`: provider → class → amount."""

    places: dict[str, list[str]]
    amounts: dict[str, dict[str, int]]


class World:
    """All data of a search, read with a fixed number of queries."""

    def __init__(self, tx: Transaction) -> None:
        inventory = inventories_store.every(tx)
        used = allocations_store.used(tx)
        has = traits_store.of_providers(tx)
        member = aggregates_store.of_providers(tx)
        self.providers = {
            row["id"]: Provider(
                row["id"], row["root_id"], row["parent_id"], inventory.get(row["id"], {}), used.get(row["id"], {}),
                frozenset(has.get(row["id"], ())), frozenset(member.get(row["id"], ())),
            )
            for row in resource_providers_store.every(tx)
        }  # fmt: skip
        self.trees: dict[str, list[Provider]] = {}
        for provider in self.providers.values():
            self.trees.setdefault(provider.root, []).append(provider)

    def sharing_with(self, tree: list[Provider]) -> list[Provider]:
        """Providers of other trees that share resources with an aggregate of this tree."""
        mine = frozenset().union(*(provider.aggregates for provider in tree))
        root = tree[0].root
        return [p for p in self.providers.values() if p.root != root and SHARES in p.traits and p.aggregates & mine]

    def lineage(self, provider: Provider) -> list[str]:
        """The provider and all above it."""
        found = [provider.id]
        while provider.parent is not None:
            provider = self.providers[provider.parent]
            found.append(provider.id)
        return found


def search(world: World, question: Question) -> list[Candidate]:
    """Different candidates, at most `question.limit` or MOST, one tree after the other."""
    found: dict[Any, Candidate] = {}
    most = MOST if question.limit is None else question.limit
    for root, tree in world.trees.items():
        if not _root_fits(world.providers[root], question.root):
            continue
        for candidate in _of_tree(world, tree, question):
            key = (
                tuple(sorted((p, tuple(sorted(r.items()))) for p, r in candidate.amounts.items())),
                tuple(sorted((suffix, tuple(sorted(set(ids)))) for suffix, ids in candidate.places.items())),
            )
            found.setdefault(key, candidate)
            if len(found) >= most:
                return list(found.values())
    return list(found.values())


def _root_fits(root: Provider, wish: Wish) -> bool:
    return wish.has_traits(root.traits) and not wish.forbidden & root.traits


def _of_tree(world: World, tree: list[Provider], question: Question) -> Iterator[Candidate]:
    pool = [*tree, *world.sharing_with(tree)]
    slots: list[tuple[str, dict[str, int], list[Provider]]] = []
    for suffix, wish in question.groups.items():
        if suffix:
            slots.append((suffix, wish.resources, [p for p in pool if _one_fits(world, p, wish)]))
        else:
            usable = [p for p in pool if _may_give(world, p, wish)]
            for name, amount in wish.resources.items():
                slots.append((suffix, {name: amount}, [p for p in usable if _room(p, {name: amount}, {})]))
    if not all(choices for _, _, choices in slots):
        return
    yield from _fill(world, tree[0].root, question, slots, 0, Candidate({}, {}))


def _fill(
    world: World,
    root: str,
    question: Question,
    slots: list[tuple[str, dict[str, int], list[Provider]]],
    index: int,
    so_far: Candidate,
) -> Iterator[Candidate]:
    if index == len(slots):
        if _whole_fits(world, root, question, so_far):
            yield so_far
        return
    suffix, resources, choices = slots[index]
    for provider in choices:
        if suffix and question.isolate and any(provider.id in ids for s, ids in so_far.places.items() if s):
            continue
        if not _room(provider, resources, so_far.amounts.get(provider.id, {})):
            continue
        amounts = {other: dict(taken) for other, taken in so_far.amounts.items()}
        if resources:
            mine = amounts.setdefault(provider.id, {})
            for name, amount in resources.items():
                mine[name] = mine.get(name, 0) + amount
        places = {s: list(ids) for s, ids in so_far.places.items()}
        places.setdefault(suffix, []).append(provider.id)
        yield from _fill(world, root, question, slots, index + 1, Candidate(places, amounts))


def _whole_fits(world: World, root: str, question: Question, candidate: Candidate) -> bool:
    chosen = {suffix: [world.providers[p] for p in ids] for suffix, ids in candidate.places.items()}
    inside = {p.id for ids in chosen.values() for p in ids if p.root == root}
    if not inside or (not question.nested and len(inside) > 1):
        # A candidate with only sharing providers belongs to no tree. It is found in their own tree.
        return False
    spread = chosen.get("", [])
    if "" in question.groups and not question.groups[""].has_traits({t for p in spread for t in p.traits}):
        return False
    for suffixes in question.subtrees:
        members = [p for suffix in suffixes for p in chosen.get(suffix, [])]
        lineages = [world.lineage(p) for p in members]
        if members and not any(all(p.id in lineage for lineage in lineages) for p in members):
            return False
    return True


def _one_fits(world: World, provider: Provider, wish: Wish) -> bool:
    return (
        wish.has_traits(provider.traits)
        and not wish.forbidden & provider.traits
        and wish.in_aggregates(provider.aggregates)
        and _in_tree(world, provider, wish)
        and _room(provider, wish.resources, {})
    )


def _may_give(world: World, provider: Provider, wish: Wish) -> bool:
    """Whether a provider may serve the unsuffixed group. Aggregates of its root count too."""
    both = provider.aggregates | world.providers[provider.root].aggregates
    return not wish.forbidden & provider.traits and wish.in_aggregates(both) and _in_tree(world, provider, wish)


def _in_tree(world: World, provider: Provider, wish: Wish) -> bool:
    if wish.in_tree is None:
        return True
    anchor = world.providers.get(wish.in_tree)
    return anchor is not None and anchor.root == provider.root


def _room(provider: Provider, resources: dict[str, int], taken: dict[str, int]) -> bool:
    for name, amount in resources.items():
        row = provider.inventory.get(name)
        if row is None or misfit(row, amount + taken.get(name, 0)):
            return False
        if shortage(row, provider.used.get(name, 0) + taken.get(name, 0), amount):
            return False
    return True
