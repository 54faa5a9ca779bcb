"""Rights that S3's bucket policies give, stored with the container. They count beside lists and grants, in both APIs."""

import functools
from collections.abc import Iterator, Mapping

import msgspec

from kumoi.kernel.who import Who
from kumoi.services.object_store import access, grants
from kumoi.services.object_store.grants import EVERYBODY, Grant
from kumoi.services.object_store.limits import HIDDEN

STORED = f"{HIDDEN}policy"
"""The name under which a container stores its rights."""
LIST, READ, WRITE, LOCATION = "LIST", "READ", "WRITE", "LOCATION"
"""See names; read these objects; write and delete all objects; see the region."""


class Right(msgspec.Struct, array_like=True, frozen=True):
    grantee: str
    """The id of a project, or EVERYBODY."""
    kind: str
    name: str = ""
    """Of the objects that it is about: the beginning, or with `exact` the whole."""
    exact: bool = False

    def concerns(self, name: str) -> bool:
        return name == self.name if self.exact else name.startswith(self.name)


_decode = functools.lru_cache(256)(msgspec.json.Decoder(tuple[Right, ...]).decode)


def of(container: Mapping[str, str]) -> tuple[Right, ...]:
    """From its metadata."""
    text = container.get(STORED)
    return _decode(text) if text else ()


def is_public(rights: tuple[Right, ...]) -> bool:
    return any(each.grantee == EVERYBODY for each in rights)


def let_in(container: Mapping[str, str], who: Who, kind: str, name: str = "") -> bool:
    """`name`: of the object to be read."""
    rights = of(container)
    if not rights or (grants.RESTRICT in grants.blocks(container) and is_public(rights)):
        return False
    grantees = {EVERYBODY}
    if who.user_id and who.project_id and access.may_use_grants(who, writing=kind == WRITE):
        grantees.add(who.project_id)
    return any(each.kind == kind and each.grantee in grantees and each.concerns(name) for each in rights)


def writers(container: Mapping[str, str]) -> Iterator[Grant]:
    """Grants on the container of parts for those who may write."""
    return (Grant(each.grantee, grants.WRITE) for each in of(container) if each.kind == WRITE)
