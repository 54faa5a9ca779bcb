"""Permissions: the account's project, admins, and the access lists of accounts and containers."""

import json
from dataclasses import dataclass, field
from enum import IntEnum
from urllib.parse import unquote, urlsplit

import msgspec

from kumoi.engines.objects.interface import Account, Reading
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


def reads_own(who: Who) -> bool:
    """Whether the caller's roles let it read the account of its own project, or every account."""
    return may_read(who, PREFIX + (who.project_id or ""))


def may_use_grants(who: Who, *, writing: bool) -> bool:
    """Whether what another account gives to the caller's project counts for this caller: its roles let it do the same in
    its own account. Swift's lists have a rule of their own: `project:*` is everybody with any role in the project."""
    return owns_own(who) if writing else reads_own(who)


def owns_own(who: Who) -> bool:
    return owns(who, PREFIX + (who.project_id or ""))


SIGNER = ".signed"
"""The user that a signature stands for; its name is the container to which the key belongs, empty for an account's key."""


def reaches(who: Who, container: str) -> bool:
    """Whether the caller is not bound to another container by the key of a signature."""
    return who.user_id != SIGNER or who.user_name in ("", container)


DOMAIN = "sysmeta-project-domain-id"
"""What an account keeps of the domain of its project."""
ACCOUNT_LIST = "sysmeta-access-control"
"""What an account keeps of its `X-Account-Access-Control`."""
LONGEST_LIST = 8192


class Level(IntEnum):
    """What a caller may do in an account as a whole. A container's lists may allow more there."""

    NONE = 0
    READ = 1
    WRITE = 2
    """Change containers and objects, but no access lists, keys and metadata of the account."""
    OWN = 3


_LEVELS = {"read-only": Level.READ, "read-write": Level.WRITE, "admin": Level.OWN}


def level(tx: Reading, who: Who, account: str) -> Level:
    if owns(who, account):
        return Level.OWN
    granted = _granted(tx, who, account)
    return max(granted, Level.READ) if may_read(who, account) else granted


def _granted(tx: Reading, who: Who, account: str) -> Level:
    """By the account's own list."""
    if not who.user_id or who.user_id == SIGNER:
        return Level.NONE
    found = tx.account(account)
    text = found.metadata.get(ACCOUNT_LIST) if found else None
    if not text:
        return Level.NONE
    names = _names(who, takes_names(found))
    lists = msgspec.json.decode(text, type=dict[str, list[str]])
    return max((_LEVELS[key] for key, listed in lists.items() if not names.isdisjoint(listed)), default=Level.NONE)


def clean_account_list(text: str) -> str:
    """An `X-Account-Access-Control` as it is kept and shown; empty: it gives no access. BadRequest for an invalid one."""
    problem = ""
    try:
        lists = msgspec.json.decode(text or "{}", type=dict[str, list[str]])
    except msgspec.ValidationError as error:
        problem = f"a key of admin, read-write and read-only has a list of texts ({error})"
    except (msgspec.DecodeError, RecursionError) as error:
        problem = f"it is no JSON ({error})"
    else:
        if unknown := [key for key in lists if key not in _LEVELS]:
            problem = f"Key {unknown[0][:40]!r} not recognized"
        elif len(text) > LONGEST_LIST:
            problem = f"it has more than {LONGEST_LIST} characters"
    if problem:
        raise BadRequest(f"X-Account-Access-Control invalid: {problem}.")
    kept = {key: lists[key] for key in sorted(lists) if lists[key]}
    return json.dumps(kept, separators=(",", ":")) if kept else ""


def may_read(who: Who, account: str) -> bool:
    """By the caller's own roles."""
    if is_internal(account):
        return False
    if owns(who, account) or (who.system and "reader" in who.roles):
        return True
    return who.project_id is not None and who.project_id == project_of(account) and "reader" in who.roles


def refuse(who: Who) -> Exception:
    if who.user_id and who.user_id != SIGNER:
        return Forbidden("Access was denied to this resource.")
    return Unauthorized("This server could not verify that you are authorized to access the document you requested.")


def lets_in(
    text: str, who: Who, account: str, referer: str, *, listing: bool, private: bool = False, named: bool = True
) -> bool:
    """Whether an access list gives this caller access. `listing`: to the names of a container. `private`: what it says of
    everybody does not count. `named`: the list may name projects and users, and not only tell their ids."""
    if not text:
        return False
    allowed = parse(text)
    if not private and _referred(referer, allowed.referrers) and (allowed.listings or not listing):
        return True
    if not who.user_id:
        return False
    names = {name for name in _names(who, named) if not (private and name.startswith("*:"))}
    if not allowed.groups.isdisjoint(names):
        return True
    # A role is one in the project of the account: everybody has some role somewhere.
    return who.project_id is not None and who.project_id == project_of(account) and bool(allowed.groups & who.roles)


def takes_names(found: Account | None) -> bool:
    """Whether lists of an account may name projects and users: its project is in the default domain."""
    return found is None or found.metadata.get(DOMAIN, "default") == "default"


def _names(who: Who, named: bool) -> set[str]:
    """`project:user` in every way in which a list may name this caller."""
    # Names are unique within a domain only, so they count in the default domain alone, as in Swift.
    named = named and who.user_domain_id == who.project_domain_id == "default"
    projects = ["*", *filter(None, (who.project_id, named and who.project_name))]
    users = ["*", *filter(None, (who.user_id, named and who.user_name))]
    return {f"{project}:{user}" for project in projects for user in users}


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
