"""CORS: what pages of other origins may read and ask."""

from typing import Any

HERE, THERE = "http://a.example", "http://b.example"
META = "X-Container-Meta-Access-Control"


def test_pages_of_named_origins_may_read(swift: Any) -> None:
    for data, name in ((b"few", "few"), (bytes(100_000), "many")):
        swift(
            "PUT",
            "/c",
            headers={f"{META}-Allow-Origin": f"{HERE} http://c.example", f"{META}-Expose-Headers": "x-more"},
        )
        swift("PUT", f"/c/{name}", body=data, headers={"X-Object-Meta-A": "1"})
        for method, path, status in [
            ("GET", f"/c/{name}", 200), ("HEAD", f"/c/{name}", 200), ("GET", "/c/absent", 404), ("GET", "/c", 200),
            ("POST", f"/c/{name}", 202), ("PUT", f"/c/{name}", 201),
        ]:  # fmt: skip
            got = swift(method, path, headers={"Origin": HERE, "X-Object-Meta-A": "1"})
            assert got.status == status
            assert got.headers["access-control-allow-origin"] == HERE and got.headers["vary"] == "Origin", (
                method,
                path,
            )
            exposed = got.headers["access-control-expose-headers"].split(", ")
            assert {"etag", "x-more"} <= set(exposed)
            assert ("x-object-meta-a" in exposed) == (method in ("GET", "HEAD") and path.endswith(name))
            assert "access-control-allow-origin" not in swift(method, path, headers={"Origin": THERE}).headers
            assert "access-control-allow-origin" not in swift(method, path).headers
    swift("POST", "/c", headers={f"{META}-Allow-Origin": "*"})
    got = swift("GET", "/c/few", headers={"Origin": THERE})
    assert got.headers["access-control-allow-origin"] == "*" and "vary" not in got.headers


def test_pages_ask_before(swift: Any) -> None:
    swift("PUT", "/c", headers={f"{META}-Allow-Origin": HERE, f"{META}-Max-Age": "60"})
    for path in ("/c", "/c/o", "/c/o/"):
        asked = {
            "Origin": HERE,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "x-auth-token",
        }
        got = swift("OPTIONS", path, as_=None, headers=asked)
        assert (got.status, got.headers["access-control-allow-origin"]) == (200, HERE)
        assert "PUT" in got.headers["access-control-allow-methods"] and "PUT" in got.headers["allow"]
        assert (
            got.headers["access-control-allow-headers"] == "x-auth-token"
            and got.headers["access-control-max-age"] == "60"
        )
        for change in ({"Origin": THERE}, {"Access-Control-Request-Method": "PATCH"}):
            refused = swift("OPTIONS", path, as_=None, headers={**asked, **change})
            assert refused.status == 401 and "access-control-allow-origin" not in refused.headers
    assert swift("OPTIONS", "", as_=None).headers["allow"].startswith("DELETE, GET")
    assert swift("OPTIONS", "", as_=None, headers={"Origin": HERE}).status == 200
