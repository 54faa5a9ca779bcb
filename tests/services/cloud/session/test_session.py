"""The browser's session: its cookie gives nothing but the token, and only to the dashboard's own pages."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kumoi import app
from kumoi.kernel import clock
from kumoi.kernel.tokens import Keys
from kumoi.services.identity import facade as identity
from kumoi.services.identity.bootstrap import bootstrap
from tests.cloud import Cloud
from tests.services.identity.cloud import PASSWORDS, V3, hashes

PATH = "/kumoi/v1/session"
OURS = {"X-Kumoi-Dashboard": "1"}
SERVICES = app.load_services()


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("cloud")
    Keys.create(folder / "keys")
    made = Cloud(folder, f"sqlite:///{folder / 'kumoi.db'}", authenticator=identity.authenticator(folder / "keys"))
    made.database.write(lambda tx: bootstrap(tx, made.settings, hashes(PASSWORDS)))
    yield made
    made.close()


def log_in(cloud: Any, name: str = "demo") -> str:
    user = {"name": name, "domain": {"id": "default"}, "password": PASSWORDS[name]}
    auth = {"identity": {"methods": ["password"], "password": {"user": user}}}
    return str(cloud.post(f"{V3}/auth/tokens", as_=None, json={"auth": auth}).headers["X-Subject-Token"])


def begin(cloud: Any, token: str, **headers: str) -> Any:
    return cloud.post(PATH, as_=token, headers=headers)


def cookie_of(response: Any) -> str:
    """What a browser sends afterwards."""
    return str(response.headers["set-cookie"]).partition(";")[0]


def show(cloud: Any, cookie: str, **headers: str) -> Any:
    return cloud.get(PATH, as_=None, headers={**OURS, "Cookie": cookie, **headers})


def test_a_session_gives_its_token_back(standing: Any) -> None:
    token = log_in(standing)
    begun = begin(standing, token)
    assert begun.status_code == 201 and begun.headers["cache-control"] == "no-store"
    again = show(standing, cookie_of(begun))
    assert again.status_code == 200 and again.headers["cache-control"] == "no-store"
    assert again.json == begun.json
    said = again.json["session"]
    assert said["token"] == token and said["scope"] == "project" and said["user"]["name"] == "demo"
    assert said["project"]["name"] == "demo" and "member" in said["roles"]
    assert said["expires_at"].endswith("Z")


def test_what_the_cookie_looks_like(standing: Any) -> None:
    token = log_in(standing)
    cookie = begin(standing, token).headers["set-cookie"]
    name, _, rest = cookie.partition("=")
    value, *attributes = rest.split("; ")
    assert name == "kumoi-session-abcdef"
    assert set(attributes) - {one for one in attributes if one.startswith("Max-Age=")} == {
        "Path=/kumoi/v1/session", "HttpOnly", "SameSite=Strict",
    }  # fmt: skip
    (age,) = (int(one.removeprefix("Max-Age=")) for one in attributes if one.startswith("Max-Age="))
    assert 3000 < age <= 3600
    assert token not in value and re.fullmatch(r"[A-Za-z0-9_=-]+", value)
    secure = begin(standing, token, **{"X-Forwarded-Proto": "https"}).headers["set-cookie"]
    assert secure.startswith("__Secure-kumoi-session-abcdef=") and "; Secure" in secure


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Kumoi-Dashboard": ""},
        {"X-Kumoi-Dashboard": "0"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://falconframework.org.evil.example"},
        {"Origin": "https://falconframework.org"},
        {"Origin": "http://falconframework.org:81"},
    ],
)
def test_no_other_site_gets_or_ends_it(standing: Any, headers: dict[str, str]) -> None:
    cookie = cookie_of(begin(standing, log_in(standing)))
    for method in ("GET", "DELETE"):
        sent = {**OURS, "Cookie": cookie, **headers}
        refused = standing.call(method, PATH, as_=None, headers=sent)
        assert refused.status_code == 403, refused.text
        assert next(iter(headers)) in refused.json["error"]["message"]
        assert "set-cookie" not in refused.headers
    assert show(standing, cookie).status_code == 200


def test_ones_own_pages_get_it(standing: Any) -> None:
    cookie = cookie_of(begin(standing, log_in(standing)))
    mine = {"Sec-Fetch-Site": "same-origin", "Origin": "http://falconframework.org"}
    assert show(standing, cookie, **mine).status_code == 200
    # A form of another site can send no such header.
    assert standing.get(PATH, as_=None, headers={"Cookie": cookie}).status_code == 403


def test_no_other_route_takes_the_cookie(standing: Any) -> None:
    cookie = cookie_of(begin(standing, log_in(standing)))
    ours = (f"{service.prefix}{route.path}" for service in SERVICES for route in service.each()
            if route.method == "GET" and route.mode != "stream" and "{" not in route.path and route.policy.token)  # fmt: skip
    for path in sorted(set(ours)):
        refused = standing.get(path, as_=None, headers={**OURS, "Cookie": cookie})
        # Some do not exist in the service's first version.
        assert refused.status_code == standing.get(path, as_=None).status_code in (401, 404), path
    assert standing.post(PATH, as_=None, headers={**OURS, "Cookie": cookie}).status_code == 401


def cleared(response: Any) -> bool:
    return (
        response.headers["set-cookie"].startswith("kumoi-session-abcdef=; ")
        and "Max-Age=0" in response.headers["set-cookie"]
    )


def test_it_ends_with_the_browsers_wish(standing: Any) -> None:
    token = log_in(standing)
    cookie = cookie_of(begin(standing, token))
    ended = standing.delete(PATH, as_=None, headers={**OURS, "Cookie": cookie})
    assert ended.status_code == 204 and cleared(ended)
    assert standing.get("/kumoi/v1/events", as_=token).status_code == 401
    late = show(standing, cookie)
    assert late.status_code == 401 and cleared(late)
    assert standing.delete(PATH, as_=None, headers={**OURS, "Cookie": cookie}).status_code == 204
    assert standing.delete(PATH, as_=None, headers=OURS).status_code == 204


def test_it_ends_with_its_token(standing: Any) -> None:
    token = log_in(standing)
    cookie = cookie_of(begin(standing, token))
    late = clock.VirtualClock(clock.now())
    late.advance(3601)
    with clock.using(late):
        assert show(standing, cookie).status_code == 401
    gone = standing.delete(f"{V3}/auth/tokens", as_=token, headers={"X-Subject-Token": token})
    assert gone.status_code == 204
    refused = show(standing, cookie)
    assert refused.status_code == 401 and cleared(refused) and "www-authenticate" in refused.headers


def test_what_is_no_session(standing: Any) -> None:
    token = log_in(standing)
    name, _, value = cookie_of(begin(standing, token)).partition("=")
    sealed = standing.keys.seal_secret(token)
    two = f"{name}={value}; {name}={cookie_of(begin(standing, log_in(standing, 'admin'))).partition('=')[2]}"
    for cookie in ("", name, f"{name}=", f"{name}=x", f"{name}={token}", f"{name}={value[:-2]}", f"{name}={sealed}",
                   f"other={value}", f"{name}=é", two):  # fmt: skip
        refused = show(standing, cookie.encode().decode("latin-1"))
        assert refused.status_code == 401, cookie
        assert refused.json["error"]["code"] == 401
    assert standing.get(PATH, as_=None, headers=OURS).status_code == 401


def test_nothing_leads_elsewhere(standing: Any) -> None:
    """There is nothing to redirect to: whatever a link says, no answer has a Location."""
    cookie = cookie_of(begin(standing, log_in(standing)))
    for method, as_ in (("GET", None), ("DELETE", None), ("POST", log_in(standing))):
        for query in ("next=https://evil.example", "redirect_uri=//evil.example", "return_to=/%09/evil.example"):
            answer = standing.call(method, f"{PATH}?{query}", as_=as_, headers={**OURS, "Cookie": cookie})
            assert answer.status_code < 500 and not 300 <= answer.status_code < 400
            assert "location" not in answer.headers and "evil" not in answer.text


def test_only_a_token_begins_one(standing: Any) -> None:
    assert standing.post(PATH, as_=None).status_code == 401
    assert standing.post(PATH, as_="nothing").status_code == 401


def test_a_public_url_is_an_origin(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, f"sqlite:///{tmp_path / 'kumoi.db'}", public_url="https://cloud.example")
    begun = cloud.post(PATH)
    assert begun.status_code == 201 and "; Secure" in begun.headers["set-cookie"]
    for origin, status in (("https://cloud.example", 200), ("https://other.example", 403)):
        assert show(cloud, cookie_of(begun), Origin=origin).status_code == status
    cloud.close()
