"""The rules of projects and their tree."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.bodies import distinct
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.who import Who
from kumoi.services.identity import additional, listing, names, options, policy
from kumoi.services.identity.domains import logic as domain_logic
from kumoi.services.identity.errors import Absent, Invalid, Taken
from kumoi.services.identity.fields import MOST_TAGS
from kumoi.services.identity.project_rows import store as project_rows_store
from kumoi.services.identity.project_rows.errors import NotPossible
from kumoi.services.identity.project_rows.models import NO_DOMAIN, ProjectRow, domain_removal, removal
from kumoi.services.identity.project_rows.models import projects as projects_table

DEEPEST = 5
"""Levels of a tree, its domain counted."""
FILTERS = {
    "name": projects_table.c.folded_name,
    "domain_id": projects_table.c.domain_id,
    "parent_id": projects_table.c.parent_id,
    "enabled": projects_table.c.enabled,
}
TAG_FILTERS = (
    ("tags", True, False),
    ("tags-any", False, False),
    ("not-tags", True, True),
    ("not-tags-any", False, True),
)
"""Name, whether all tags are required, whether the condition is negated."""


LIST_QUERY = listing.query(FILTERS, {"is_domain": bool, **{name: list[str] for name, _, _ in TAG_FILTERS}})


def select(tx: Transaction, who: Who, params: listing.Params) -> listing.Selection[ProjectRow]:
    domain_id = policy.listed_domain(who, params.get("domain_id", [None])[-1], "list_projects")
    wanted = conditions(params)
    if domain_id is not None:
        wanted.append(projects_table.c.domain_id == domain_id)
    return selection(tx, wanted)


def selection(tx: Transaction, wanted: listing.Conditions) -> listing.Selection[ProjectRow]:
    return listing.selection(tx, project_rows_store, wanted)


def conditions(params: listing.Params) -> listing.Conditions:
    """The conditions of the query, including tags. Domains are listed only on request."""
    wanted = listing.conditions(params, FILTERS)
    is_domain = listing.truth(params.get("is_domain", ["false"])[-1])
    wanted.append(projects_table.c.domain_id == NO_DOMAIN if is_domain else projects_table.c.domain_id != NO_DOMAIN)
    for name, every, negated in TAG_FILTERS:
        tags = list(dict.fromkeys(tag for text in params.get(name, ()) for tag in text.split(",") if tag))
        if tags:
            choices = [[tag] for tag in distinct(tags, name, MOST_TAGS)] if every else [tags]
            condition = sa.and_(*(project_rows_store.with_tag(choice) for choice in choices))
            wanted.append(sa.not_(condition) if negated else condition)
    return wanted


def tags(tx: Transaction, ids: list[str]) -> dict[str, list[str]]:
    return project_rows_store.tags(tx, ids)


def found(tx: Transaction, project_id: str) -> ProjectRow:
    row = project_rows_store.find(tx, project_id)
    if row is None:
        raise Absent("project", project_id)
    return row


def show(tx: Transaction, who: Who, project_id: str) -> ProjectRow:
    """A token may read its own project."""
    row = project_rows_store.find(tx, project_id)
    if who.project_id != project_id:
        policy.check_read(who, row["domain_id"] if row else None, "get_project")
    return found(tx, project_id)


def create(tx: Transaction, who: Who, values: dict[str, Any], extra: dict[str, Any]) -> ProjectRow:
    """`values`: the fields of ProjectCreate."""
    if values["is_domain"]:
        if values["domain_id"] or values["parent_id"]:
            raise Invalid("project.is_domain", "a project that is a domain has neither domain nor parent")
        return domain_logic.create(tx, who, values, extra)
    parent = project_rows_store.find(tx, values["parent_id"]) if values["parent_id"] else None
    if values["parent_id"] and parent is None:
        raise Absent("project", values["parent_id"])
    above = (parent["domain_id"] or parent["id"]) if parent else None
    domain_id = values["domain_id"] or above or policy.home_domain(who)
    policy.check_change(who, domain_id, "create_project")
    domain = domain_logic.found(tx, domain_id)
    parent = parent or domain
    if above is not None and above != domain_id:
        raise Invalid("project.domain_id", "it must be the domain of the parent")
    if not domain["enabled"] or not parent["enabled"]:
        raise NotPossible("cannot create a project below one that is disabled")
    if len(_line_above(tx, parent)) + 2 > DEEPEST:
        raise NotPossible(f"max hierarchy depth reached: a tree of projects has at most {DEEPEST} levels")
    _check_name(tx, values["name"], domain_id)
    id = tx.new_hex()
    project_rows_store.insert(
        tx, id=id, name=values["name"], domain_id=domain_id, parent_id=parent["id"], is_domain=False,
        description=values["description"] or "", enabled=values["enabled"],
        options=options.merged({}, values["options"], options.RESOURCE, "project"), extra=extra,
    )  # fmt: skip
    project_rows_store.set_tags(tx, id, checked_tags(values["tags"]))
    return found(tx, id)


def _check_name(tx: Transaction, name: str, domain_id: str) -> None:
    if project_rows_store.named(tx, name, domain_id):
        raise Taken("project", f"name {name} at domain ID {domain_id}")


def checked_tags(tags: list[str]) -> list[str]:
    if len(set(tags)) != len(tags):
        raise Invalid("tags", "one is given twice")
    return tags


def update(tx: Transaction, who: Who, project_id: str, changes: dict[str, Any], extra: dict[str, Any]) -> ProjectRow:
    """Disabling revokes the project's tokens."""
    row = project_rows_store.find(tx, project_id)
    policy.check_change(who, row["domain_id"] if row else None, "update_project")
    row = found(tx, project_id)
    for name in ("parent_id", "is_domain", "domain_id"):
        if name in changes and changes.pop(name) != (row[name] or None):
            error = NotPossible if name == "parent_id" else BadRequest
            raise error(f"Update of `{name}` is not allowed")
    tags = changes.pop("tags", None)
    if row["is_domain"]:
        return domain_logic.update(tx, who, project_id, changes, extra)
    options.check_mutable(row, "project", {**changes, **extra})
    if "name" in changes and names.folded(changes["name"]) != row["folded_name"]:
        _check_name(tx, changes["name"], row["domain_id"])
    changes = {**changes, "extra": additional.merged("project", row["extra"], extra)}
    if "options" in changes:
        changes["options"] = options.merged(row["options"], changes["options"], options.RESOURCE, "project")
    if "description" in changes:
        changes["description"] = changes["description"] or ""
    if changes.get("enabled") is False and row["enabled"]:
        if any(child["enabled"] for child in project_rows_store.children(tx, [project_id])):
            raise NotPossible(f"cannot disable project {project_id} since its subtree contains enabled projects")
        project_rows_store.revoke(tx, project_id)
    parent_id = row["parent_id"]
    if changes.get("enabled") and not row["enabled"] and parent_id and not found(tx, parent_id)["enabled"]:
        raise NotPossible(f"cannot enable project {project_id} since it has disabled parents")
    project_rows_store.update(tx, project_id, changes)
    if tags is not None:
        project_rows_store.set_tags(tx, project_id, checked_tags(tags))
    return found(tx, project_id)


def delete(tx: Transaction, who: Who, project_id: str) -> None:
    row = project_rows_store.find(tx, project_id)
    policy.check_change(who, row["domain_id"] if row else None, "delete_project")
    row = found(tx, project_id)
    if row["is_domain"]:
        domain_logic.delete(tx, who, project_id)
        return
    options.check_mutable(row, "project")
    if project_rows_store.children(tx, [project_id]):
        raise NotPossible(f"cannot delete the project {project_id} since it is not a leaf in the hierarchy")
    remove(tx, [project_id])


def change_tags(tx: Transaction, who: Who, project_id: str, tags: list[str], *, replace: bool = False) -> list[str]:
    """Add these, or with `replace` have only these; the tags that are there then."""
    row = project_rows_store.find(tx, project_id)
    policy.check_change(who, row["domain_id"] if row else None, "update_project_tags")
    options.check_mutable(found(tx, project_id), "project")
    before = [] if replace else project_rows_store.tags(tx, [project_id]).get(project_id, [])
    after = sorted({*before, *checked_tags(tags)})
    if len(after) > 80:
        raise Invalid("tags", "a project has at most 80")
    project_rows_store.set_tags(tx, project_id, after)
    return after


def remove_tag(tx: Transaction, who: Who, project_id: str, tag: str) -> None:
    row = project_rows_store.find(tx, project_id)
    policy.check_change(who, row["domain_id"] if row else None, "delete_project_tag")
    options.check_mutable(found(tx, project_id), "project")
    before = project_rows_store.tags(tx, [project_id]).get(project_id, [])
    if tag not in before:
        raise Absent("project tag", tag)
    project_rows_store.set_tags(tx, project_id, [other for other in before if other != tag])


def _line_above(tx: Transaction, row: ProjectRow) -> list[ProjectRow]:
    """The projects above, nearest first, the domain last."""
    line = []
    while row["parent_id"]:
        row = found(tx, row["parent_id"])
        line.append(row)
    return line


def parents(tx: Transaction, row: ProjectRow) -> list[ProjectRow]:
    return _line_above(tx, row)


def parents_as_ids(tx: Transaction, row: ProjectRow) -> dict[str, Any] | None:
    """{parent: {grandparent: …}}, with None at the end."""
    tree: dict[str, Any] | None = None
    for above in reversed(_line_above(tx, row)):
        tree = {above["id"]: tree}
    return tree


def subtree(tx: Transaction, project_id: str) -> list[ProjectRow]:
    """All projects below, level by level."""
    rows, level = [], [project_id]
    while level:
        below = project_rows_store.children(tx, level)
        rows += below
        level = [row["id"] for row in below]
    return rows


def subtree_as_ids(rows: list[ProjectRow], project_id: str) -> dict[str, Any] | None:
    """{child: {grandchild: …}}, with None for projects without children."""
    by_parent: dict[str, list[str]] = {}
    for row in rows:
        if row["parent_id"]:
            by_parent.setdefault(row["parent_id"], []).append(row["id"])

    def below(id: str) -> dict[str, Any] | None:
        return {child: below(child) for child in by_parent[id]} if id in by_parent else None

    return below(project_id)


def remove(tx: Transaction, ids: Sequence[str]) -> None:
    """Also deletes assignments on them, and what their users stored for them."""
    removal.run(tx, ids)
    project_rows_store.delete(tx, ids)


@domain_removal.follow
def _of_domains(tx: Transaction, domain_ids: Sequence[str]) -> None:
    for domain_id in domain_ids:
        remove(tx, project_rows_store.of_domain(tx, domain_id))
