"""Each person calls what each service's OpenAPI describes: no 5xx, no hang, no undocumented reply, no data of others.

A failure prints its seed: `make fuzz SERVICE=… PERSON=… SEED=…` repeats the requests.
"""

from collections.abc import Iterator

import pytest

from kumoi import app
from tests.fuzz.asking import Asking, Heard
from tests.fuzz.furnished import PERSONS
from tests.matrix import report

SERVICES = {service.type: service for service in app.load_services()}
SEED = 1
EXAMPLES = {"sqlite": 2, "postgresql": 1}
"""Requests of each route, some more where a route has several bodies."""


@pytest.fixture(scope="module", params=sorted(EXAMPLES))
def asking(request: pytest.FixtureRequest) -> Iterator[Asking]:
    server = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    made = Asking(server)
    yield made
    made.remove()


@pytest.mark.parametrize("person", PERSONS)
@pytest.mark.parametrize("service", sorted(SERVICES))
def test_nothing_falls_out(asking: Asking, service: str, person: str) -> None:
    database = "postgresql" if asking.place.server else "sqlite"
    asking.heard = Heard()
    asking.play(SERVICES[service], person, SEED, EXAMPLES[database])
    report.note("fuzz", f"{database} {service} {person}", asking.heard.counts())
    assert not asking.heard.findings, f"make fuzz SERVICE={service} PERSON={person} SEED={SEED}\n{asking.heard.told()}"
