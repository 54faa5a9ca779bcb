"""Parses amounts, traits and aggregates in a query, and matches them with a provider."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from kumoi.services.placement.amounts import LARGEST
from kumoi.services.placement.errors import BadQuery


@dataclass(frozen=True)
class Wish:
    """`required`: of each set one trait; `forbidden`: none; `member_of`: of each set one aggregate; `not_member_of`: none."""

    resources: dict[str, int] = field(default_factory=dict)
    required: tuple[frozenset[str], ...] = ()
    forbidden: frozenset[str] = frozenset()
    member_of: tuple[frozenset[str], ...] = ()
    not_member_of: frozenset[str] = frozenset()
    in_tree: str | None = None

    def traits(self) -> set[str]:
        return set().union(*self.required, self.forbidden)

    def has_traits(self, traits: Iterable[str]) -> bool:
        has = set(traits)
        return all(choice & has for choice in self.required)

    def in_aggregates(self, aggregates: Iterable[str]) -> bool:
        has = set(aggregates)
        return all(choice & has for choice in self.member_of) and not (self.not_member_of & has)


def resources(text: str) -> dict[str, int]:
    """`VCPU:2,MEMORY_MB:1024`."""
    found: dict[str, int] = {}
    for part in text.split(","):
        name, colon, amount = part.partition(":")
        if not colon or not name or not amount.isdecimal() or len(amount) > 10 or not 0 < int(amount) <= LARGEST:
            raise BadQuery(
                f"Badly formed resources parameter: {part[:100]!r} is not CLASS:AMOUNT with an amount from 1."
            )
        if name in found:
            raise BadQuery(f"Badly formed resources parameter: {name} is given twice.")
        found[name] = int(amount)
    return found


def traits(
    values: Sequence[str], *, forbidding: bool = True, choices: bool = True
) -> tuple[tuple[frozenset[str], ...], frozenset[str]]:
    """Required (of each set one) and forbidden, from `A,!B` and `in:C,D`. `choices`: `in:` and repeating are known."""
    if len(values) > 1 and not choices:
        raise BadQuery("The required parameter may be given once in this version.")
    required: list[frozenset[str]] = []
    forbidden: set[str] = set()
    for value in values:
        if value.startswith("in:") and choices:
            names = value[3:].split(",")
            if any(name.startswith("!") for name in names):
                raise BadQuery("Invalid query string parameters: a choice of `required` cannot hold forbidden traits.")
            required.append(frozenset(_named("required", names)))
            continue
        for name in _named("required", value.split(",")):
            if name.startswith("!"):
                if not forbidding:
                    raise BadQuery(f"Invalid query string parameters: required: {name[:100]!r} is no trait.")
                forbidden.add(name[1:])
            else:
                required.append(frozenset([name]))
    clash = {name for choice in required if len(choice) == 1 for name in choice} & forbidden
    if clash:
        raise BadQuery(f"Conflicting required and forbidden traits found: {', '.join(sorted(clash))}.")
    return tuple(required), frozenset(forbidden)


def aggregates(
    values: Sequence[str], *, repeating: bool = True, forbidding: bool = True
) -> tuple[tuple[frozenset[str], ...], frozenset[str]]:
    """Wanted (of each set one) and forbidden, from `A`, `in:A,B`, `!A` and `!in:A,B`."""
    if len(values) > 1 and not repeating:
        raise BadQuery("The member_of parameter may be given once in this version.")
    wanted: list[frozenset[str]] = []
    unwanted: set[str] = set()
    for value in values:
        against = value.startswith("!")
        if against and not forbidding:
            raise BadQuery("Forbidden member_of parameters are not supported in the specified microversion.")
        rest = value[1:] if against else value
        if rest.startswith("in:"):
            names = rest[3:].split(",")
        elif "," in rest:
            raise BadQuery("Multiple values for 'member_of' must be prefixed with the 'in:' keyword.")
        else:
            names = [rest]
        chosen = frozenset(uuid("member_of", name) for name in names)
        if against:
            unwanted |= chosen
        else:
            wanted.append(chosen)
    return tuple(wanted), frozenset(unwanted)


def uuid(name: str, text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise BadQuery(f"Invalid {name}: expected a UUID, but got {text[:100]!r}.") from None


def _named(parameter: str, names: Sequence[str]) -> Sequence[str]:
    if not all(name.lstrip("!") for name in names):
        raise BadQuery(f"Invalid query string parameters: {parameter} names an empty trait.")
    return names
