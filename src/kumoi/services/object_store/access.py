"""Permissions: the account's project, admins, and the access lists of containers."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from kumoi.kernel.errors import BadRequest, Forbidden, Unauthorized
from kumoi.kernel.who import Who

PREFIX = "AUTH_"
RESELLER = "ResellerAdmin"
READ, WRITE = "x-container-read", "x-container-write"


@dataclass(frozen=True)
class AccessList:
    """The parsed `X-Container-Read` or `X-Container-Write`."""

    referrers: tuple[str, ...] = ()
    """`*`, host names, `.domain`; with `-` before them: not these. The last one that fits counts."""
    listings: bool = False
    groups: frozenset[str] = field(default_factory=frozenset)


def parse(text: str) -> AccessList:
    """Empty and unknown entries give no access."""
    referrers, groups, listings = [], set(), False
    for item in filter(None, (part.strip() for part in text.split(","))):
        kind, colon, value = item.partition(":")
        if not item.startswith("."):
            groups.add(unquote(item))
        elif kind.strip() == ".rlistings":
            listings = True
        elif colon and kind.strip() in (".r", ".ref", ".referer", ".referrer"):
            referrers.append(value.strip())
    return AccessList(tuple(referrers), listings, frozenset(groups))


def clean(header: str, text: str) -> str:
    """The list as stored and shown; BadRequest with the header's name for an invalid entry."""
    kept = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        kind, colon, value = (part.strip() for part in item.partition(":"))
        if not kind.startswith(".") or not colon:
            if kind.startswith(".") and kind != ".rlistings":
                raise BadRequest(f"{header}: {item[:100]!r} is no designator that is known.")
            kept.append(item)
            continue
        if kind not in (".r", ".ref", ".referer", ".referrer"):
            raise BadRequest(f"{header}: {item[:100]!r} is no designator that is known.")
        if header.lower() == WRITE:
            raise BadRequest(f"{header}: referrers cannot be allowed to write: {item[:100]!r}.")
        negated, host = ("-", value[1:].strip()) if value.startswith("-") else ("", value)
        if host.startswith("*") and host != "*":
            host = host[1:].strip()
        if not host or host == ".":
            raise BadRequest(f"{header}: a referrer has no host: {item[:100]!r}.")
        kept.append(f".r:{negated}{host}")
    return ",".join(kept)


def project_of(account: str) -> str | None:
    """The project of the account; None: the account belongs to no project."""
    return account.removeprefix(PREFIX) if account.startswith(PREFIX) and len(account) > len(PREFIX) else None


def is_internal(account: str) -> bool:
    """Whether it belongs to a service of the cloud (the images'), and no request reaches it."""
    return account.startswith(".")


def is_reseller(who: Who) -> bool:
    return who.is_admin or (RESELLER in who.roles and who.scope == "project")


def owns(who: Who, account: str) -> bool:
    """Whether the caller may see and change everything in it."""
    if is_internal(account):
        return False
    if is_reseller(who):
        return True
    return who.project_id is not None and who.project_id == project_of(account) and "member" in who.roles


SIGNER = ".signed"
"""The user that a signature stands for; its name is the container to which the key belongs, empty for an account's key."""


def reaches(who: Who, container: str) -> bool:
    """Whether the caller is not bound to another container by the key of a signature."""
    return who.user_id != SIGNER or who.user_name in ("", container)


def may_read(who: Who, account: str) -> bool:
    if is_internal(account):
        return False
    if owns(who, account) or (who.system and "reader" in who.roles):
        return True
    return who.project_id is not None and who.project_id == project_of(account) and "reader" in who.roles


def refuse(who: Who) -> Exception:
    if who.user_id:
        return Forbidden("Access was denied to this resource.")
    return Unauthorized("This server could not verify that you are authorized to access the document you requested.")


def lets_in(text: str, who: Who, account: str, referer: str, *, listing: bool) -> bool:
    """Whether an access list gives this caller access. `listing`: to the names of a container."""
    if not text:
        return False
    allowed = parse(text)
    if _referred(referer, allowed.referrers) and (allowed.listings or not listing):
        return True
    if not who.user_id:
        return False
    # Names are unique within a domain only, so they count in the default domain alone, as in Swift.
    named = who.user_domain_id == who.project_domain_id == "default"
    projects = ["*", *filter(None, (who.project_id, named and who.project_name))]
    users = ["*", *filter(None, (who.user_id, named and who.user_name))]
    if any(f"{project}:{user}" in allowed.groups for project in projects for user in users):
        return True
    return bool(allowed.groups & who.roles)


def _referred(referer: str, referrers: tuple[str, ...]) -> bool:
    try:
        host = urlsplit(referer).hostname or "unknown"
    except ValueError:
        host = "unknown"
    allowed = False
    for each in referrers:
        negated, named = each.startswith("-"), each.removeprefix("-")
        if named in ("*", host) or (named.startswith(".") and host.endswith(named)):
            allowed = not negated
    return allowed
