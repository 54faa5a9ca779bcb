"""The front's texts are what the services render."""

import json

import pytest

from kumoi import app
from kumoi.front import refusals
from kumoi.kernel import log
from kumoi.kernel.errors import of_status
from kumoi.kernel.routes import Service

SERVICES = app.load_services()


def test_every_service_has_its_shape() -> None:
    assert {service.root for service in SERVICES} == set(refusals.ROOTS)
    assert set(refusals.SHOWN_AS.values()) <= set(refusals.MESSAGES)


@pytest.mark.parametrize("status", refusals.MESSAGES)
@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.type)
def test_the_front_says_what_the_service_would_say(service: Service, status: int) -> None:
    held = log.request_id.set(refusals.REQUEST_ID)
    try:
        rendered = service.render_error(of_status(status, refusals.MESSAGES[status]))
    finally:
        log.request_id.reset(held)
    assert json.loads(refusals.body(service.root, status)) == rendered
