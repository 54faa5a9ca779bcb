"""Other doors to objects: signatures, forms, archives, lists of what is to go, and web sites."""

import base64
import bz2
import gzip
import hashlib
import hmac
import io
import json
import tarfile
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from kumoi.kernel import clock
from tests.services.object_store.sending import ACCOUNT, streamed

KEY = "a key"
SOON = clock.now() // clock.SECOND + 1000
LARGE = b"0123456789" * 5000


def sign(*lines: Any, digest: str = "sha256", key: str = KEY) -> str:
    return hmac.new(key.encode(), "\n".join(map(str, lines)).encode(), digest).hexdigest()


@pytest.fixture
def keyed(swift: Any) -> None:
    assert swift("POST", "", headers={"X-Account-Meta-Temp-URL-Key": KEY}).status == 204
    swift("PUT", "/c", headers={"X-Container-Meta-Temp-URL-Key-2": "of the container"})
    assert swift("PUT", "/c/o", body=LARGE, headers={"X-Object-Meta-A": "1"}).status == 201
    swift("PUT", "/c/few", body=b"few")


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("root", [ACCOUNT, ACCOUNT.removeprefix("/object-store")])
def test_signed_reads(swift: Any, keyed: None, digest: str, root: str) -> None:
    signature = sign("GET", SOON, f"{root}/c/o", digest=digest)
    query = f"temp_url_sig={signature}&temp_url_expires={SOON}"
    for method in ("GET", "HEAD"):
        got = swift(method, f"/c/o?{query}", as_=None)
        assert got.status == 200 and "x-object-meta-a" not in got.headers
        assert got.headers["content-disposition"] == "attachment; filename=\"o\"; filename*=UTF-8''o"
    assert swift("GET", f"/c/o?{query}", as_=None).content == LARGE
    assert swift("GET", f"/c/o?{query}&inline", as_=None).headers["content-disposition"] == "inline"
    named = swift("GET", f"/c/o?{query}&filename=a%22%C3%BC", as_=None).headers["content-disposition"]
    assert named == "attachment; filename=\"a__\"; filename*=UTF-8''a%22%C3%BC"
    for path in ("/c/few", "/c/o2"):
        assert swift("GET", f"{path}?{query}", as_=None).status == 401
    assert swift("PUT", f"/c/o?{query}", as_=None, body=b"x").status == 401
    assert swift("DELETE", f"/c/o?{query}", as_=None).status == 401
    assert swift("GET", f"/c/o?{query.replace(str(SOON), str(SOON + 1))}", as_=None).status == 401
    past = clock.now() // clock.SECOND - 5
    old = f"temp_url_sig={sign('GET', past, f'{root}/c/o')}&temp_url_expires={past}"
    assert swift("GET", f"/c/o?{old}", as_=None).status == 401
    assert swift("GET", "/c/o?temp_url_sig=zz&temp_url_expires=soon", as_=None).status == 401


def test_signed_writes_prefixes_and_addresses(swift: Any, keyed: None) -> None:
    put = f"temp_url_sig={sign('PUT', SOON, f'{ACCOUNT}/c/new')}&temp_url_expires={SOON}"
    assert swift("PUT", f"/c/new?{put}", as_=None, body=b"new").status == 201
    assert swift("GET", f"/c/new?{put}", as_=None).status == 401
    assert swift("HEAD", f"/c/new?{put}", as_=None).status == 200
    for header in ("X-Object-Manifest", "X-Symlink-Target", "X-Copy-From"):
        assert swift("PUT", f"/c/new?{put}", as_=None, headers={header: "c/o"}).status == 400
    gone = f"temp_url_sig={sign('DELETE', SOON, f'{ACCOUNT}/c/new')}&temp_url_expires={SOON}"
    assert swift("DELETE", f"/c/new?{gone}", as_=None).status == 204
    signature = sign("GET", SOON, f"prefix:{ACCOUNT}/c/f", key="of the container")
    query = f"temp_url_sig={signature}&temp_url_expires={SOON}&temp_url_prefix=f"
    assert swift("GET", f"/c/few?{query}", as_=None).content == b"few"
    assert swift("GET", f"/c/o?{query}", as_=None).status == 401
    raw = hmac.new(KEY.encode(), f"ip=10.0.0.0/8\nGET\n{SOON}\n{ACCOUNT}/c/few".encode(), "sha512").digest()
    signature = quote(f"sha512:{base64.urlsafe_b64encode(raw).decode()}")
    query = f"temp_url_sig={signature}&temp_url_expires={SOON}&temp_url_ip_range=10.0.0.0/8"
    for address, status in (("10.1.2.3", 200), ("11.1.2.3", 401)):
        assert swift("GET", f"/c/few?{query}", as_=None, headers={"X-Forwarded-For": address}).status == status


def test_the_key_of_a_container_reaches_no_other(swift: Any, keyed: None) -> None:
    swift("PUT", "/private")
    swift("PUT", "/private/o", body=b"secret")
    swift("PUT", "/c/link", headers={"X-Symlink-Target": "private/o"})
    swift("PUT", "/c/dynamic", headers={"X-Object-Manifest": "private/o"})
    swift("PUT", "/c/static?multipart-manifest=put", body=b'[{"path": "private/o"}]')
    for name, refused in (("link", 401), ("dynamic", 401), ("static", 409)):
        for key, status in (("of the container", refused), (KEY, 200)):
            query = f"temp_url_sig={sign('GET', SOON, f'{ACCOUNT}/c/{name}', key=key)}&temp_url_expires={SOON}"
            assert swift("GET", f"/c/{name}?{query}", as_=None).status == status, (name, key)
    for key in ("of the container", KEY):
        query = f"temp_url_sig={sign('PUT', SOON, f'{ACCOUNT}/c/new', key=key)}&temp_url_expires={SOON}"
        manifest = b'[{"path": "private/o"}]'
        assert swift("PUT", f"/c/new?multipart-manifest=put&{query}", as_=None, body=manifest).status == 400, key


def test_a_signature_takes_no_parameter_that_reaches_further(swift: Any, keyed: None) -> None:
    """As in Swift, where a signed request has no other parameter."""
    swift("PUT", "/private")
    swift("PUT", "/private/o", body=b"secret")
    swift("PUT", "/c/link", headers={"X-Symlink-Target": "c/few"})
    assert swift("PUT", "/c/m?multipart-manifest=put", body=b'[{"path": "private/o"}]').status == 201

    def signed(method: str, name: str) -> str:
        return f"temp_url_sig={sign(method, SOON, f'{ACCOUNT}/c/{name}')}&temp_url_expires={SOON}"

    for value in ("delete", "put", ""):
        for method in ("DELETE", "PUT", "POST"):
            query = f"multipart-manifest={value}&{signed(method, 'm')}"
            assert swift(method, f"/c/m?{query}", as_=None, body=b"[]").status == 400, (method, value)
    assert swift("GET", "/private/o").content == b"secret"
    for more in ("multipart-manifest=get", "multipart-manifest=get&format=raw", "symlink=get"):
        for method in ("GET", "HEAD"):
            got = swift(method, f"/c/m?{more}&{signed('GET', 'm')}", as_=None)
            assert (got.status, got.content) == (200, b"secret" if method == "GET" else b""), more
            got = swift(method, f"/c/link?{more}&{signed('GET', 'link')}", as_=None)
            assert got.status == 200 and got.headers["content-length"] == "3", more
            assert "x-symlink-target" not in got.headers
    assert swift("DELETE", f"/c/m?{signed('DELETE', 'm')}", as_=None).status == 204
    assert swift("GET", "/private/o").content == b"secret"


def test_keys_are_shown_to_the_project_alone(swift: Any, keyed: None) -> None:
    swift("POST", "/c", headers={"X-Container-Read": ".r:*,.rlistings"})
    assert swift("HEAD", "/c").headers["x-container-meta-temp-url-key-2"] == "of the container"
    for caller in (None, "other", "reader"):
        assert "x-container-meta-temp-url-key-2" not in swift("HEAD", "/c", as_=caller).headers


def form(files: dict[str, bytes], **changes: Any) -> tuple[bytes, dict[str, str]]:
    fields = {"redirect": "", "max_file_size": 1000, "max_file_count": 2, "expires": SOON, **changes}
    signature = sign(
        f"{ACCOUNT}/c/up-", *(fields[name] for name in ("redirect", "max_file_size", "max_file_count", "expires"))
    )
    fields = {"signature": signature, **fields}
    parts = [
        f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = '--B\r\nContent-Disposition: form-data; name="file"; filename="{}"\r\nContent-Type: text/x\r\n\r\n'
    parts += [head.format(name).encode() + data + b"\r\n" for name, data in files.items()]
    return b"before" + b"\r\n" + b"".join(parts) + b"--B--\r\n", {"Content-Type": "multipart/form-data; boundary=B"}


def test_forms(swift: Any, keyed: None) -> None:
    def post(files: dict[str, bytes], **changes: Any) -> Any:
        body, headers = form(files, **changes)
        return swift("POST", "/c/up-", as_=None, body=body, headers=headers)

    assert post({"one": b"1\r\n--", "two": b""}).status == 201
    one = swift("GET", "/c/up-one")
    assert one.content == b"1\r\n--" and one.headers["content-type"] == "text/x"
    assert swift("GET", "/c/up-two").content == b""
    assert post({"x": b"x"}, signature="0" * 64).status == 401
    assert post({"x": b"x"}, expires=5).status == 401
    assert post({"x": b"x"}, max_file_size="many").status == 400
    assert post({"x": b"x" * 1001}).status == 413
    assert post({}).status == 400
    assert post({"a": b"", "b": b"", "x": b""}).status == 400
    moved = post({"y": b"y"}, redirect="http://a.example/?q=1")
    assert (moved.status, moved.headers["location"]) == (303, "http://a.example/?q=1&status=201&message=")
    assert swift("GET", "/c/up-x").status == 404
    body, headers = form({"z": b"z"})
    assert swift("POST", "/c/up-", as_=None, body=body[:-20], headers=headers).status == 400
    assert swift("GET", "/c/up-z").status == 404


@pytest.mark.parametrize(("format", "pack"), [("tar", bytes), ("tar.gz", gzip.compress), ("tar.bz2", bz2.compress)])
def test_archives(cloud: Any, swift: Any, format: str, pack: Any) -> None:
    def archive(entries: dict[str, bytes]) -> bytes:
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w") as made:
            for name, data in entries.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                made.addfile(info, io.BytesIO(data))
        return bytes(pack(file.getvalue()))

    def with_header(value: str) -> bytes:
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as made:
            info = tarfile.TarInfo("h/o")
            info.pax_headers = {"SCHILY.xattr.user.meta.colour": value}
            made.addfile(info, io.BytesIO())
        return bytes(pack(file.getvalue()))

    def put(path: str, body: bytes) -> Any:
        return swift("PUT", f"{path}?extract-archive={format}", body=body, headers={"Accept": "application/json"})

    cloud.api.settings = msgspec.structs.replace(cloud.api.settings, archive_size=1)
    told = put("", archive({"big/1": b"1", "big/2": bytes(1 << 20), "big/3": b"3"}))
    assert (told.json["Number Files Created"], told.json["Response Status"]) == (1, "413 Request Entity Too Large")
    assert "1 MiB" in told.json["Response Body"] and swift("GET", "/big").text == "1\n"
    assert swift("DELETE", "/big/1").status == swift("DELETE", "/big").status == 204
    told = put("", archive({"a/1": b"1", "./b/2/3": LARGE, "top": b"x", "a/../../etc/x": b"x"}))
    assert (told.status, told.json["Number Files Created"], told.json["Response Status"]) == (200, 2, "400 Bad Request")
    assert [name for name, _ in told.json["Errors"]] == ["top", "a/../../etc/x"]
    assert swift("GET", "/b/2/3").content == LARGE and swift("GET", "").text == "a\nb\n"
    assert put("", with_header("blue\nX-Evil: 1")).json["Errors"] == [["h/o", "400 Bad Request"]]
    assert put("", with_header("blue")).json["Errors"] == []
    assert swift("GET", "/h/o").headers["x-object-meta-colour"] == "blue"
    assert swift("DELETE", "/h/o").status == 204 and swift("DELETE", "/h").status == 204
    assert put("/c/below", archive({"x": b"x"})).json["Response Status"] == "201 Created"
    assert swift("GET", "/c").text == "below/x\n"
    assert put("", b"no archive at all").json["Response Status"] == "400 Bad Request"
    assert put("", archive({})).json["Response Status"] == "400 Bad Request"
    assert swift("PUT", "?extract-archive=zip").status == 400
    assert swift("PUT", "?extract-archive=tar", as_="other").status == 403
    assert swift("PUT", "?extract-archive=tar", as_=None).status == 401
    assert cloud.audit() == []


def test_lists_of_what_is_to_go(swift: Any) -> None:
    for path in ("/c", "/d", "/c/a", "/c/ü b", "/d/x"):
        swift("PUT", path.replace("ü b", "%C3%BC%20b"))
    for method in ("POST", "DELETE"):
        for as_, status in ((None, 401), ("other", 403), ("reader", 403)):
            assert swift(method, "?bulk-delete", as_=as_, body=b"c/a").status == status
    told = swift(
        "POST", "?bulk-delete", body=b"c/a\n/c/%C3%BC%20b\nc\nc/absent\nd\n", headers={"Accept": "application/json"}
    )
    assert (told.json["Number Deleted"], told.json["Number Not Found"]) == (3, 1)
    assert told.json["Errors"] == [["d", "409 Conflict"]] and told.json["Response Status"] == "400 Bad Request"
    text = swift("DELETE", "?bulk-delete", body=b"d/x\nd").text
    assert text.startswith("Number Deleted: 2\nNumber Not Found: 0\nResponse Status: 200 OK")
    assert swift("GET", "").status == 204
    assert "404 Not Found" in swift("POST", "?bulk-delete", body=b"d").text
    assert "400 Bad Request" in swift("POST", "?bulk-delete", body=b"").text


def test_web_sites(swift: Any) -> None:
    swift("PUT", "/c", headers={"X-Container-Read": ".r:*,.rlistings"})
    for name, body in (("home", b"<home>"), ("a/home", b"<a>"), ("a/b/x", b"x"), ("<&>", b""), ("404err", b"<gone>")):
        swift("PUT", f"/c/{quote(name)}", body=body, headers={"Content-Type": "text/html"})
    assert swift("GET", "/c", as_=None).text.startswith("404err\n")
    swift("POST", "/c", headers={"X-Container-Meta-Web-Index": "home"})
    moved = swift("GET", "/c", as_=None)
    assert moved.status == 301 and moved.headers["location"].endswith("/c/")
    assert swift("GET", "/c/", as_=None).content == b"<home>"
    assert swift("GET", "/c").text.startswith("404err\n"), "who has a token is no browser"
    assert swift("GET", "/c/", headers={"X-Web-Mode": "true"}).content == b"<home>"
    assert swift("GET", "/c/a/", as_=None).content == b"<a>"
    moved = swift("GET", "/c/a", as_=None)
    assert moved.status == 301 and moved.headers["location"].endswith("/c/a/")
    assert swift("GET", "/c/a/b/", as_=None).status == 404
    swift("POST", "/c", headers={"X-Container-Meta-Web-Listings": "true", "X-Container-Meta-Web-Listings-CSS": "x.css"})
    listed = swift("GET", "/c/a/b/", as_=None)
    assert 'href="x.css"' in listed.text and '<a href="./x">x</a>' in listed.text and ">../</a>" in listed.text
    swift("POST", "/c", headers={"X-Remove-Container-Meta-Web-Index": "x", "X-Container-Meta-Web-Error": "err"})
    assert "&lt;&amp;&gt;" in swift("GET", "/c/", as_=None).text
    gone = swift("GET", "/c/absent", as_=None)
    assert (gone.status, gone.content) == (404, b"<gone>")
    swift("POST", "/c", headers={"X-Remove-Container-Read": "x"})
    assert swift("GET", "/c", as_=None).status == swift("GET", "/c/", as_=None).status == 401
    assert swift("GET", "/c/home", as_=None).status == 401


def test_an_index_of_any_size_with_metadata_of_its_own(swift: Any) -> None:
    swift("PUT", "/c", headers={"X-Container-Read": ".r:*", "X-Container-Meta-Web-Index": "home"})
    for name in ("home", "a/home"):
        assert swift("PUT", f"/c/{name}", body=LARGE, headers={"X-Object-Meta-Colour": "red"}).status == 201
    for path in ("/c/", "/c/a/"):
        got = swift("GET", path, as_=None)
        assert got.content == LARGE and got.headers["x-object-meta-colour"] == "red"
    assert swift("PUT", "/d", headers={"X-Container-Read": ".r:*"}).status == 201
    assert streamed(cloud_of(swift), "GET", f"{ACCOUNT}/d/", {}).status_code == 404


def cloud_of(swift: Any) -> Any:
    return swift.args[0]


def test_the_policy_of_crossing_domains(swift: Any) -> None:
    assert b"<cross-domain-policy>" in swift("GET", "/object-store/crossdomain.xml", as_=None).content


def test_digests_are_told(swift: Any) -> None:
    info = swift("GET", "/object-store/info", as_=None).json
    assert set(info["tempurl"]["allowed_digests"]) <= hashlib.algorithms_available
    assert json.dumps(info)


@pytest.mark.parametrize("body", [b"<script>", b"<script>" + LARGE])
def test_pages_of_users_are_not_of_the_dashboards_origin(swift: Any, body: bytes) -> None:
    """The dashboard has the same address, and its session is given to scripts of its origin."""
    swift("PUT", "/site", headers={"X-Container-Read": ".r:*,.rlistings", "X-Container-Meta-Web-Index": "index.html"})
    assert swift("PUT", "/site/index.html", body=body, headers={"Content-Type": "text/html"}).status == 201
    for path in ("/site/index.html", "/site/", "/site/absent"):
        policy = swift("GET", path, as_=None).headers["content-security-policy"].split()
        assert policy[0] == "sandbox" and "allow-same-origin" not in policy
