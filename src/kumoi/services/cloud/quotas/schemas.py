"""Shapes of the quotas of all projects: ours alone."""

import msgspec


class Default(msgspec.Struct, kw_only=True):
    """The limit of projects without their own; -1: none. `counted`: a usage is kept."""

    service: str
    resource: str
    limit: int
    counted: bool


class Figure(msgspec.Struct, kw_only=True):
    """`limit` null: the default."""

    service: str
    resource: str
    limit: int | None
    used: int


class Project(msgspec.Struct, kw_only=True):
    """`quotas`: of which the project has an own limit, or which it uses."""

    project_id: str
    quotas: list[Figure]


class ListBody(msgspec.Struct, kw_only=True):
    defaults: list[Default]
    projects: list[Project]
