"""Parses the query of allocation candidates: groups by suffix, and parameters for all groups."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec

from kumoi.kernel.queries import Family, Params, Query, optional
from kumoi.kernel.versions import since
from kumoi.services.placement import queries
from kumoi.services.placement.allocation_candidates.search import Question
from kumoi.services.placement.errors import BadQuery, DuplicateQuery
from kumoi.services.placement.queries import Wish

MOST = 128
"""Groups of one question, and amounts of the one without a suffix."""
Behaves = Callable[[str], bool]
_NUMBER, _TEXT = r"([1-9][0-9]*)?", r"([1-9][0-9]*|[a-zA-Z0-9_-]{1,64})?"
_REPEATABLE = frozenset({"member_of", "required", "root_required", "same_subtree"})


_TYPES: dict[str, Any] = {
    "resources": str,
    "required": Annotated[list[str], since("1.17")],
    "member_of": Annotated[list[str], since("1.21")],
    "in_tree": Annotated[str, since("1.31")],
    "limit": Annotated[int, msgspec.Meta(ge=1), since("1.16")],
    "group_policy": Annotated[Literal["none", "isolate"], since("1.25")],
    "root_required": Annotated[str, since("1.35")],
    "same_subtree": Annotated[list[str], since("1.36")],
}
QUERY: Query[Params] = Query(
    optional("Candidates", _TYPES),
    lambda params: params,
    families=(
        Family("groups", "(resources|in_tree)[a-zA-Z0-9_-]{1,64}"),
        Family("group_wishes", "(required|member_of)[a-zA-Z0-9_-]{1,64}", list[str]),
    ),
    takes_undeclared=True,
)
"""Groups have suffixes of the client's choice. `parse` reads it, in the caller's version."""


def parse(params: Params, behaves: Behaves) -> Question:
    """BadQuery naming the parameter that is not right, or not known in the caller's version."""
    parts: dict[str, dict[str, list[str]]] = {}
    whole: dict[str, list[str]] = {}
    for name, values in params.items():
        kind, suffix = _split(name, behaves)
        if kind is None:
            if len(values) > 1 and name not in _REPEATABLE:
                raise DuplicateQuery(f"Query parameter {name} is given more than once.")
            whole[name] = values
        else:
            if len(values) > 1 and kind not in _REPEATABLE:
                raise DuplicateQuery(f"Query parameter {name} is given more than once.")
            parts.setdefault(suffix, {})[kind] = values
    groups = {suffix: _wish(suffix, part, behaves) for suffix, part in sorted(parts.items())}
    _check_groups(groups, whole)
    suffixed = [suffix for suffix in groups if suffix]
    policy = whole.get("group_policy", [None])[-1]
    if policy not in (None, "none", "isolate"):
        raise BadQuery("Invalid query string parameters: group_policy is none or isolate.")
    with_resources = [suffix for suffix in suffixed if groups[suffix].resources]
    if len(with_resources) > 1 and policy is None:
        raise BadQuery('The "group_policy" parameter is required when specifying more than one "resources{N}".')
    required, forbidden = queries.traits(whole.get("root_required", []), choices=False)
    return Question(
        groups=groups, isolate=policy == "isolate", root=Wish(required=required, forbidden=forbidden),
        subtrees=_subtrees(whole.get("same_subtree", []), groups), nested=behaves("nested candidates"),
        limit=_limit(whole),
    )  # fmt: skip


def _split(name: str, behaves: Behaves) -> tuple[str | None, str]:
    """A group's parameter and its suffix; (None, "") for parameters of all groups."""
    known = {"resources": True, "required": behaves("traits of candidates"), "member_of": behaves("aggregates of candidates"),
             "in_tree": behaves("trees of candidates")}  # fmt: skip
    whole = {"limit": behaves("a limit of candidates"), "group_policy": behaves("groups of candidates"),
             "root_required": behaves("traits of roots"), "same_subtree": behaves("subtrees")}  # fmt: skip
    if whole.get(name):
        return None, ""
    ending = _TEXT if behaves("groups have names") else _NUMBER if behaves("groups of candidates") else "()"
    for kind, is_known in known.items():
        found = re.fullmatch(kind + ending, name)
        if found and is_known:
            return kind, found[1] or ""
    raise BadQuery(f"Invalid query string parameters: {name[:100]!r} is not known in this version.")


def _wish(suffix: str, part: dict[str, list[str]], behaves: Behaves) -> Wish:
    required, forbidden = queries.traits(
        part.get("required", []), forbidding=behaves("forbidden traits"), choices=behaves("choices of traits")
    )
    member_of, not_member_of = queries.aggregates(
        part.get("member_of", []), repeating=behaves("member_of may be repeated"),
        forbidding=behaves("forbidden aggregates"),
    )  # fmt: skip
    return Wish(
        resources=queries.resources(part["resources"][-1]) if "resources" in part else {},
        required=required, forbidden=forbidden, member_of=member_of, not_member_of=not_member_of,
        in_tree=queries.uuid(f"in_tree{suffix}", part["in_tree"][-1]) if "in_tree" in part else None,
    )  # fmt: skip


def _check_groups(groups: dict[str, Wish], whole: dict[str, list[str]]) -> None:
    if not any(wish.resources for wish in groups.values()):
        raise BadQuery("All request groups lack resources: at least one `resources` parameter is required.")
    slots = sum(len(wish.resources) if not suffix else 1 for suffix, wish in groups.items())
    if slots > MOST:
        raise BadQuery(f"There are {slots} groups and amounts (resources); at most {MOST} are placed at once.")
    grouped = {suffix for value in whole.get("same_subtree", []) for suffix in value.split(",")}
    for suffix, wish in groups.items():
        if not wish.resources and suffix not in grouped:
            raise BadQuery(f"The group {suffix or 'without a suffix'} has no `resources{suffix}`.")


def _subtrees(values: list[str], groups: dict[str, Wish]) -> tuple[frozenset[str], ...]:
    found = []
    for value in values:
        suffixes = value.split(",")
        for suffix in suffixes:
            if not suffix or suffix not in groups:
                raise BadQuery(f"Real suffixes should be specified in same_subtree: {suffix[:100]!r} is none.")
        found.append(frozenset(suffixes))
    return tuple(found)


def _limit(whole: dict[str, list[str]]) -> int | None:
    if "limit" not in whole:
        return None
    text = whole["limit"][-1]
    if not (text.isdecimal() and int(text[:10]) > 0):
        raise BadQuery("Invalid query string parameters: limit is a number from 1.")
    return int(text[:10])
