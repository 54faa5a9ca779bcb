"""Seals a token into a cookie and opens it again. Nothing is stored: the session lasts as long as the token."""

from kumoi.kernel import clock
from kumoi.kernel.errors import Forbidden, Unauthorized
from kumoi.kernel.http import Request
from kumoi.kernel.who import Who
from kumoi.services.identity import facade as identity

MARK = "x-kumoi-dashboard"
"""The header that a page of the same origin sends. Other origins' pages cannot without asking first (CORS), and nobody
answers them."""
_PURPOSE = "session "
"""Before the token in the seal, so that nothing else that the cloud sealed is a session."""


def cookie(request: Request, token: str, who: Who) -> str:
    """The Set-Cookie header that begins the session."""
    left = max(0, (who.expires_at - clock.now()) // clock.SECOND)
    return _cookie(request, request.keys.seal_secret(_PURPOSE + token), left)


def no_cookie(request: Request) -> str:
    """The Set-Cookie header that removes it from the browser."""
    return _cookie(request, "", 0)


def _cookie(request: Request, value: str, seconds: int) -> str:
    secure = "; Secure" if _is_secure(request) else ""
    path = f"{request.service.prefix}/session"
    return f"{_name(request)}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"


def _is_secure(request: Request) -> bool:
    return request.base_url.startswith("https:")


def _name(request: Request) -> str:
    """With the cloud's id, because browsers send cookies to every port of a host."""
    return f"{'__Secure-' if _is_secure(request) else ''}kumoi-session-{request.settings.cloud_id}"


def check_origin(request: Request) -> None:
    """Forbidden unless a page of this cloud itself asks."""
    if request.headers.get(MARK) != "1":
        raise Forbidden("X-Kumoi-Dashboard: 1 is needed in the request's headers.")
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise Forbidden("Sec-Fetch-Site: only the dashboard's own pages may read the session.")
    own = {request.base_url, f"{request.base_url.partition('://')[0]}://{request.headers.get('host', '')}"}
    if request.headers.get("origin", request.base_url) not in own:
        raise Forbidden("Origin: only the dashboard's own pages may read the session.")


def opened(request: Request) -> tuple[str, Who]:
    """The token of the session and its caller now; Unauthorized, which removes the cookie, if there is none."""
    token = _token(request)
    try:
        if token is None:
            raise Unauthorized("There is no session.")
        return token, request.authenticate(request.database, token)
    except Unauthorized as error:
        raise Unauthorized(error.message, headers={"Set-Cookie": no_cookie(request)}) from None


def end(request: Request) -> None:
    """Revoke the session's token."""
    token = _token(request)
    if token is not None:
        identity.revoke_token(request.database, request.keys, token)


def _token(request: Request) -> str | None:
    """None if there is no session, or more than one: another site of the same domain may have set one of them."""
    pairs = (part.strip().partition("=") for part in request.headers.get("cookie", "").split(";"))
    found = [value for name, _, value in pairs if name == _name(request)]
    if len(found) != 1:
        return None
    said = request.keys.opened_secret(found[0])
    return said.removeprefix(_PURPOSE) if said is not None and said.startswith(_PURPOSE) else None
