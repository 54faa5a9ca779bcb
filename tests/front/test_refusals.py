"""The front's errors equal those that the services render."""

import json
import subprocess
import sys

import pytest

from kumoi import app
from kumoi.front import refusals
from kumoi.kernel.errors import of_status

SERVICES = {service.type: service for service in app.load_services()}
NOT_THERE = refusals.MESSAGES[404]


def test_every_service_has_its_shape() -> None:
    assert {service.root: service.render_error for service in SERVICES.values()} == refusals.shapes()
    assert set(refusals.SHOWN_AS.values()) <= set(refusals.MESSAGES)


@pytest.mark.parametrize("root", ["", *refusals.shapes()])
def test_every_status_can_be_said(root: str) -> None:
    for status in refusals.MESSAGES:
        assert refusals.MESSAGES[status] in refusals.body(root, status)
        assert f"{refusals.REQUEST_ID}" in refusals.body(root, status) or root != "/placement"
    assert refusals.maps().count(f"{root} '") >= len(refusals.MESSAGES)


def test_shapes() -> None:
    title = "Not Found"
    said = {root: json.loads(refusals.body(root, 404)) for root in ("", "/compute", "/image", "/network")}
    assert said == {
        "": {"error": {"code": 404, "message": NOT_THERE, "title": title}},
        "/compute": {"itemNotFound": {"code": 404, "message": NOT_THERE}},
        "/image": {"error": {"code": 404, "message": NOT_THERE, "title": title}},
        "/network": {"NeutronError": {"type": "HTTPNotFound", "message": NOT_THERE, "detail": ""}},
    }
    late = json.loads(refusals.body("/volume", 429))
    assert late["overLimit"]["retryAfter"] == "0"
    assert of_status(404, "x").status == 404


def test_the_front_loads_little() -> None:
    """`kumoi up` writes its configuration first, and everything else waits for it."""
    script = "import sys; from kumoi.front import refusals; refusals.maps(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    loaded = done.stdout.split()
    services = [name for name in loaded if name.startswith("kumoi.services.") and name.count(".") > 2]
    assert [name for name in services if not name.endswith(".errors")] == []
    assert "sqlalchemy" not in loaded and "falcon" not in loaded
