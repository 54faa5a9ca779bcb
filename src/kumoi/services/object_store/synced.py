"""Container synchronization: what a container says of it, and requests of other clouds (`X-Container-Sync-Auth`)."""

import hmac
from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from kumoi.engines.objects.interface import FOLLOWED, Container, Follow, Reading, Writing
from kumoi.kernel import clock
from kumoi.kernel.errors import BadRequest, Unauthorized
from kumoi.kernel.http import Request
from kumoi.kernel.settings import Folder, Settings
from kumoi.kernel.who import Who
from kumoi.services.object_store import access, limits, realms, stores
from kumoi.services.object_store.realms import Realms

TO, KEY = "x-container-sync-to", "x-container-sync-key"
AUTH, STAMP = "x-container-sync-auth", "x-timestamp"
LONGEST = 2048
MOST_AHEAD = 24 * 3600 * clock.SECOND
"""How far the clock of another cloud may be ahead of this one's."""


class Following(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How far a container was copied. Kept with it in the index."""

    to: str
    since: int
    walked: str | None = ""
    """What was there at the beginning was sent up to this name; None: all of it. Later changes are recorded by the engine."""
    sent: int = 0
    removed: int = 0
    bytes: int = 0
    error: str = ""
    """Of the last attempt; empty: it went well."""
    failing_since: int = 0
    failures: int = 0
    """Attempts in a row that ended with an error."""
    retry_at: int = 0
    described: str = ""
    """The metadata of the container that the other cloud has."""


def all_realms(folder: Folder, settings: Settings) -> Realms:
    hosts = [each.strip() for each in settings.container_sync_hosts.split(",") if each.strip()]
    here = realms.netloc(settings.base_url)
    return Realms(realms.load(folder.keys), (*hosts, here), here, settings.container_sync_current)


def realms_of(request: Request) -> Realms:
    return all_realms(request.engine(Folder), request.settings)


def check(request: Request, account: str, container: str) -> None:
    """BadRequest unless the container that the request describes could be copied to where it says."""
    if not (to := request.headers.get(TO, "").strip()):
        return
    try:
        realms.target(realms_of(request), limits.decoded(TO, to), account, container)
    except realms.Invalid as problem:
        raise BadRequest(f"Invalid X-Container-Sync-To: {problem}.") from None


def changes(headers: Mapping[str, str]) -> dict[str, str]:
    """Header → new text; empty: remove it."""
    found = {}
    for header in (TO, KEY):
        if header in headers:
            found[header] = limits.decoded(header, headers[header]).strip()
            if len(found[header]) > LONGEST:
                raise BadRequest(f"{header.title()}: it has more than {LONGEST} bytes.")
        elif header.replace("x-", "x-remove-", 1) in headers:
            found[header] = ""
    return found


def is_whole(to: str) -> bool:
    """Whether it names a cloud only: `//realm/cluster`."""
    return to.startswith("//") and to.count("/") == 3


def marked(metadata: dict[str, str]) -> dict[str, str]:
    """The metadata of a container, with what the engine is to record of its changes."""
    to, key = metadata.get(TO, ""), metadata.get(KEY, "")
    found = {name: value for name, value in metadata.items() if name != FOLLOWED}
    if to and (key or is_whole(to)):
        found[FOLLOWED] = Follow.CHANGES
    elif key or metadata.get(FOLLOWED) == Follow.REMOVALS:
        found[FOLLOWED] = Follow.REMOVALS
    return found


def follow(tx: Writing, container: Container) -> None:
    """Begin or end to copy a container, as its metadata say."""
    raw = tx.follower(container)
    if container.metadata.get(FOLLOWED) != Follow.CHANGES:
        if raw is not None:
            tx.put_follower(container, None)
        return
    to = container.metadata[TO]
    if raw is None or msgspec.json.decode(raw, type=Following).to != to:
        tx.put_follower(container, msgspec.json.encode(Following(to=to, since=tx.now)))


class Shown(msgspec.Struct):
    """How far a copy is, for `kumoi status`."""

    container: str
    to: str
    lag: float
    """Seconds for which the oldest change has been waiting; 0: none waits."""
    error: str


STATUS = "container-sync.json"
"""Below `run`: the state of each copy, as the runner last wrote it."""
MOST_SHOWN = 100


def status(tx: Reading, container: Container, raw: bytes) -> Shown:
    state = msgspec.json.decode(raw, type=Following)
    return Shown(
        f"{container.account}/{container.name}", state.to, lag(tx, container, state) / clock.SECOND, state.error
    )


def lag(tx: Reading, container: Container, state: Following) -> int:
    """For how long the oldest change has not been sent, in microseconds; 0: none waits."""
    if state.walked is not None:
        return tx.now - state.since
    waiting = tx.changes(container, 0, 1)
    since = min([waiting[0].at, *([state.failing_since] if state.failing_since else [])]) if waiting else tx.now
    return tx.now - since


def shown(tx: Reading, container: Container) -> dict[str, str]:
    """Headers by which its owner sees how far the copy is."""
    raw = tx.follower(container) if container.metadata.get(FOLLOWED) == Follow.CHANGES else None
    if raw is None:
        return {}
    state = msgspec.json.decode(raw, type=Following)
    found = {
        "X-Container-Sync-Lag": f"{lag(tx, container, state) / clock.SECOND:.1f}",
        "X-Container-Sync-Objects-Sent": str(state.sent),
        "X-Container-Sync-Bytes-Sent": str(state.bytes),
    }
    if state.error:
        found["X-Container-Sync-Error"] = limits.encoded(" ".join(state.error.split()))
    return found


def heed(request: Request, account: str, container: str, name: str = "") -> int | None:
    """Let the request go on as the account's, if another cloud signed it. The instant of the change that it brings; None:
    it is no such request. Unauthorized for a wrong signature."""
    headers, stamp = request.headers, request.headers.get(STAMP, "")
    keys = stores.look(request, lambda tx: _key(tx, account, container)) if {AUTH, KEY} & headers.keys() else ""
    if AUTH not in headers:
        given = headers.get(KEY, "").encode("latin-1")
        if not (name and stamp and keys and hmac.compare_digest(given, keys.encode())):
            return None
    elif not _is_signed(request, account, container, keys, name):
        raise Unauthorized("X-Container-Sync-Auth header not valid; contact cluster operator for support.")
    request.who = Who(
        access.SIGNER, user_name=container, project_id=access.project_of(account), roles=frozenset({"member", "reader"})
    )
    return instant(stamp) if name else 0


def is_trusted(request: Request) -> bool:
    """Whether a realm's key has signed the request, so that it may describe an object as clouds do among themselves."""
    return AUTH in request.headers and request.who.user_id == access.SIGNER


def _key(tx: Reading, account: str, container: str) -> str:
    found = tx.container(account, container)
    return found.metadata.get(KEY, "") if found else ""


def _is_signed(request: Request, account: str, container: str, key: str, name: str) -> bool:
    realm_name, _, rest = request.headers[AUTH].partition(" ")
    nonce, _, given = rest.partition(" ")
    realm = realms_of(request).realm(realm_name)
    if realm is None or not given or not given.isascii() or request.route is None:
        return False
    user_keys = [key] if key and name else []
    user_keys += [""] if realm.whole_accounts else []
    path = quote(f"/v1/{account}/{container}" + (f"/{name}" if name else ""))
    return any(
        hmac.compare_digest(
            realms.signature(
                request.route.method, root + path, request.headers.get(STAMP, "0"), nonce, realm_key, user_key
            ),
            given,
        )
        for realm_key in filter(None, (realm.key, realm.key2))
        for user_key in user_keys
        for root in (request.service.prefix, "")
    )


def instant(text: str) -> int:
    """`1401224049.23451`, maybe with an offset behind `_`, which does not count."""
    seconds, _, part = text.partition("_")[0].strip().partition(".")
    if not limits.is_number(seconds) or (part and not limits.is_number(part[:18])) or len(seconds) > 11:
        raise BadRequest(f"X-Timestamp: {text[:40]!r} is no time in seconds.")
    found = int(seconds) * clock.SECOND + int(f"{part}00000"[:5]) * 10
    if found > clock.now() + MOST_AHEAD:
        raise BadRequest(f"X-Timestamp: {text[:40]!r} lies in the future.")
    return found
