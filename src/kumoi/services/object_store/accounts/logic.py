"""The rules of accounts. An account exists from its first use on."""

from collections.abc import Mapping

from kumoi.engines.objects.interface import DEFAULT, Account, Container, Page, Reading, Writing
from kumoi.kernel.errors import BadRequest, Conflict, Forbidden, NotFound
from kumoi.kernel.who import Who
from kumoi.services.object_store import access, limits
from kumoi.services.object_store.access import Level
from kumoi.services.object_store.asked import timestamp

META = "x-account-meta-"
LIST = "x-account-access-control"
QUOTAS = (*limits.ACCOUNT_QUOTAS, limits.ACCOUNT_QUOTA_COUNT)
_POLICY_QUOTAS = (limits.POLICY_QUOTA_BYTES, limits.POLICY_QUOTA_COUNT)
"""Set by resellers alone."""
_SECRETS = ("x-account-meta-temp-url-key", "x-account-meta-temp-url-key-2")
_REMOVE = "x-remove-account-meta-"


def shown(tx: Reading, who: Who, name: str) -> tuple[Account, dict[str, str]]:
    """The account, if this caller may see it, and its headers."""
    limits.check_name("account", name, limits.LONGEST_ACCOUNT)
    level = access.level(tx, who, name)
    if level < Level.READ:
        raise access.refuse(who)
    account = tx.account(name) or Account(name=name, created_at=tx.now)
    headers = {
        "X-Account-Container-Count": str(account.containers),
        "X-Account-Object-Count": str(account.objects),
        "X-Account-Bytes-Used": str(account.bytes),
        "X-Timestamp": timestamp(account.created_at),
        "Accept-Ranges": "bytes",
    }
    for policy, (containers, objects, size) in counted(tx, account).items():
        beginning = f"X-Account-Storage-Policy-{policy}"
        headers[f"{beginning}-Container-Count"] = str(containers)
        headers[f"{beginning}-Object-Count"] = str(objects)
        headers[f"{beginning}-Bytes-Used"] = str(size)
    for key, value in account.metadata.items():
        if key == access.DOMAIN:
            headers["X-Account-Project-Domain-Id"] = value
        elif key == access.ACCOUNT_LIST:
            if level == Level.OWN:
                headers["X-Account-Access-Control"] = value
        elif key not in _SECRETS or level == Level.OWN:
            headers[key] = limits.encoded(value)
    return account, headers


def counted(tx: Reading, account: Account) -> dict[str, tuple[int, int, int]]:
    """Policy → (containers, objects, bytes)."""
    others = tx.by_policy(account.name)
    rest = [sum(counts) for counts in zip(*others.values(), strict=True)] or [0, 0, 0]
    return {DEFAULT: (account.containers - rest[0], account.objects - rest[1], account.bytes - rest[2]), **others}


def listed(tx: Reading, name: str, page: Page) -> list[tuple[str, Container | None]]:
    return tx.containers(name, page)


def change(
    tx: Writing, who: Who, name: str, headers: Mapping[str, str], policies: tuple[str, ...] = (DEFAULT,)
) -> None:
    """Set and remove metadata. Other metadata stays. `policies`: all storage policies."""
    limits.check_name("account", name, limits.LONGEST_ACCOUNT)
    if access.level(tx, who, name) < Level.OWN:
        raise access.refuse(who)
    changes = changed_metadata(headers, META, _REMOVE)
    if who.project_id is not None and who.project_id == access.project_of(name):
        changes[access.DOMAIN] = who.project_domain_id or ""
    if LIST in headers:
        changes[access.ACCOUNT_LIST] = access.clean_account_list(limits.decoded(LIST, headers[LIST]))
    for quota in (*QUOTAS, *_of_policies(who, headers, policies)):
        if not quota.startswith(META):
            if quota in headers:
                changes[quota] = headers[quota].strip()
            elif quota.replace("x-", "x-remove-", 1) in headers:
                changes[quota] = ""
        if quota in changes:
            check_quota(who, quota, changes[quota])
    account = tx.account(name)
    metadata = merged(account.metadata if account else {}, changes)
    limits.check_metadata(metadata, META)
    tx.put_account(name, metadata)


def _of_policies(who: Who, headers: Mapping[str, str], policies: tuple[str, ...]) -> list[str]:
    """The quotas of storage policies that headers name."""
    found = []
    for header in headers:
        name = header.replace("x-remove-", "x-", 1)
        prefix = next((each for each in _POLICY_QUOTAS if name.startswith(each)), None)
        if prefix is None:
            continue
        if name.removeprefix(prefix) not in map(str.lower, policies):
            check_quota(who, name, "")
            raise BadRequest(f"{header.title()}: there is no such policy; there are {', '.join(policies)}.")
        found.append(name)
    return found


def remove(tx: Writing, who: Who, name: str) -> None:
    limits.check_name("account", name, limits.LONGEST_ACCOUNT)
    if not access.is_reseller(who) or access.is_internal(name):
        raise access.refuse(who)
    account = tx.account(name)
    if account is None:
        raise NotFound("The account could not be found.")
    if account.containers:
        raise Conflict(
            "There was a conflict when trying to complete your request. The account has containers: delete them first."
        )
    tx.remove_account(name)


def check_quota(who: Who, header: str, text: str) -> None:
    if not access.is_reseller(who):
        raise Forbidden("The quota of an account is set by an administrator of the object store.")
    if text and not limits.is_number(text):
        raise BadRequest(f"{header.title()}: {text[:40]!r} is no number.")


def changed_metadata(headers: Mapping[str, str], prefix: str, remove: str) -> dict[str, str]:
    """Header → new text; empty: remove it."""
    changes = limits.metadata(headers, prefix)
    for header in headers:
        if header.startswith(remove) and prefix + header[len(remove) :] not in changes:
            changes[prefix + header[len(remove) :]] = ""
    return changes


def merged(before: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in {**before, **changes}.items() if value}
