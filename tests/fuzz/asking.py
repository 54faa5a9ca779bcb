"""One person calls everything that a service's OpenAPI document describes. The replies are judged."""

import json
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from unittest import mock

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from kumoi.kernel import clock, http, randomness, versions
from kumoi.kernel.randomness import SeededSource
from kumoi.kernel.routes import Service
from kumoi.services.identity import facade
from tests.databases import PostgreSQL
from tests.fuzz import examples, judging
from tests.fuzz.furnished import MARKS, Furnished, Furnisher
from tests.fuzz.names import Namer
from tests.matrix.places import Place
from tests.replies import Undeclared
from tests.stepped import at

schemathesis.serializer.alias(examples.PATCH, "application/json")
DEADLINE = 120.0
"""Real seconds for one request. More counts as a hang."""
ODD_VERSION, NONSENSE = 0.15, 0.25
"""How often a request uses another microversion, and how often it sends data that the description forbids."""


GENERATED_PATCH = 0.3
"""How often a patch is sent as generated."""
KEPT_FIELDS = ("mark",)
"""The furnished resources' names of metadata."""


class Hang(BaseException):
    """Passes through `except Exception`."""


@dataclass
class Finding:
    """`what`: the kind (5xx, hang, status, reply, leak …); and the first request with it."""

    service: str
    person: str
    route: str
    what: str
    said: str
    request: str
    reply: str
    cause: str = ""
    times: int = 1


@dataclass
class Heard:
    requests: Counter[str] = field(default_factory=Counter)
    """`service person 2xx` → how many."""
    succeeded: dict[str, set[str]] = field(default_factory=dict)
    """Service → routes that returned a 2xx to somebody."""
    findings: dict[tuple[str, str, str, str], Finding] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """For the report: requests by service, person and status."""
        found: Counter[str] = Counter()
        for key, times in self.requests.items():
            service, person, said = key.split()
            for name in ("requests", f"{service}", f"as {person}", f"answered {said}"):
                found[name] += times
        found["routes answered with success"] = sum(len(each) for each in self.succeeded.values())
        found["failures"] = len(self.findings)
        return dict(found)

    def told(self) -> str:
        """Every finding, with the request that showed it first."""
        return "\n".join(
            f"{f.what}: {f.service} {f.person} {f.route}: {f.said} (x{f.times})\n    {f.request[:600]}\n    {f.reply[:600]}"
            for f in self.findings.values()
        )

    def add(self, found: Finding) -> None:
        known = self.findings.setdefault((found.service, found.route, found.what, found.said), found)
        if known is not found:
            known.times += 1


class Asking:
    """Each `play` starts from the same furnished cloud. `server` None: on SQLite."""

    def __init__(self, server: PostgreSQL | None = None) -> None:
        self.place = Place(server)
        with at(), randomness.using(SeededSource(0)):
            self.furnished: Furnished = Furnisher(self.place).furnish()
            self.begin = clock.now()
            self.cloud = self.furnished.cloud
            self.cloud.pause()
        self.saved = self.place.save()
        self.heard = Heard()
        self.fault = ""
        self.token = ""
        self.sent: list[str] = []

    def remove(self) -> None:
        self.place.remove()

    def _note_fault(self, *_: Any, **__: Any) -> None:
        """Instead of into the log."""
        error = sys.exc_info()[1]
        frames = [f for f in traceback.extract_tb(error.__traceback__) if "/kumoi/" in f.filename] if error else []
        where = " < ".join(f"{f.filename.split('/kumoi/')[-1]}:{f.lineno}" for f in reversed(frames[-4:]))
        self.fault = f"{type(error).__name__}: {str(error)[:300]} at {where}"

    def play(self, service: Service, person: str, number: int, times: int, only: str = "") -> None:
        """`number` is the seed; `times`: requests of each route; `only`: routes with this in their name."""
        self.sent = []
        self.cloud.pause()
        self.place.load(self.saved)
        quiet = mock.patch.object(http.log, "fault", self._note_fault)
        with at(self.begin), randomness.using(SeededSource(number)), quiet:
            self._resume(person)
            try:
                for operation in self._operations(service, number):
                    if only in operation.label:
                        self._ask_all(service, person, operation, number, times)
                if person != "admin":
                    self._audit(service, person)
            finally:
                self.cloud.pause()

    def _resume(self, person: str) -> None:
        self.cloud.resume()
        self.cloud.api.authenticate = facade.authenticator(self.cloud.folder.keys)
        self.token = self.furnished.log_in(person)

    def _operations(self, service: Service, number: int) -> list[Any]:
        """The operations in the cloud's own OpenAPI document, shuffled by the seed. Deletions come late."""
        shown = self.cloud.get(f"/kumoi/v1/openapi/{service.type}", as_=None)
        self.document = shown.json
        asked = {**shown.json, "components": {**shown.json["components"]}}
        del asked["components"]["securitySchemes"]  # The token is always sent here.
        asked["paths"] = {
            path: {method: {**operation, "security": []} for method, operation in methods.items()}
            for path, methods in asked["paths"].items()
        }
        schema = schemathesis.openapi.from_dict(asked)
        of_mode = {True: set[Any](), False: set[Any]()}
        for route in service.each():
            of_mode[route.mode == "stream"].add((route.method, service.prefix + route.described_path))
        streamed = of_mode[True] - of_mode[False]
        found = [result.ok() for result in schema.get_all_operations()]
        found = [each for each in found if (each.method.upper(), each.path) not in streamed]
        Random(number).shuffle(found)
        return sorted(found, key=lambda each: each.method.upper() == "DELETE")

    def _ask_all(self, service: Service, person: str, operation: Any, number: int, times: int) -> None:
        content = operation.definition.raw.get("requestBody", {}).get("content", {}).get("application/json", {})
        several = len(content.get("schema", {}).get("anyOf", [1]))
        label = f"{number}/{service.type}/{person}/{operation.label}"
        chance = Random(label)
        namer = Namer(self.furnished, service.type, chance, self.sent, self.token)
        modes = [
            operation.as_strategy(generation_mode=mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        ]
        strategy = st.one_of(modes[0], modes[0], modes[0], modes[1]) if several or content else modes[0]

        @seed(chance.getrandbits(32))
        @settings(
            max_examples=times * max(1, several // 2), database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=strategy)
        def ask(case: Any) -> None:
            self._ask(service, person, case, namer, chance)

        try:
            ask()
        except judging.UNASKABLE:
            self.heard.requests[f"{service.type} {person} unaskable"] += 1
        clock.sleep(1.0)
        for _ in range(30):
            if not self.cloud.tick():
                break

    def _ask(self, service: Service, person: str, case: Any, namer: Namer, chance: Random) -> None:
        namer.name(case)
        headers = {"X-Auth-Token": self.token, **namer.headers(case, self.token)}
        newest = True
        if service.microversions:
            version = service.microversions.maximum
            if chance.random() < ODD_VERSION:
                version = (version[0], chance.randint(service.microversions.minimum[1], version[1]))
            asked = f"{service.microversions.service_type} {versions.text(version)}"
            newest = version == service.microversions.maximum
            newest = headers.setdefault("OpenStack-API-Version", asked) == asked and newest
        self.fault = ""
        try:
            with within(DEADLINE):
                answered = case.call(app=self.cloud.http.app, headers=headers, **self._patch(case, headers, chance))
        except Hang:
            self._find(service, person, case, "hang", f"no answer within {DEADLINE} s")
            return
        except Undeclared as wrong:
            self._find(service, person, case, "undeclared", wrong.what)
            return
        said = "501" if answered.status_code == 501 else f"{answered.status_code // 100}xx"
        self.heard.requests[f"{service.type} {person} {said}"] += 1
        if answered.status_code < 300:
            self.heard.succeeded.setdefault(service.type, set()).add(case.operation.label)
        if answered.status_code == 401:
            self._sign_in_again(person)
        for what, said in judging.judge(self.document, case, answered, newest):
            self._find(service, person, case, what, said, answered)
        if answered.status_code < 300 and newest:
            for name in judging.undeclared_fields(self.document, case, answered):
                if name not in KEPT_FIELDS and not self._was_sent(repr(name)[1:-1]):
                    self._find(
                        service, person, case, "field", f"{name[:80]} is not declared, and nobody sent it", answered
                    )
        if leaked := self._leak(person, answered):
            self._find(service, person, case, "leak", leaked, answered)

    def _patch(self, case: Any, headers: dict[str, str], chance: Random) -> dict[str, Any]:
        """Mostly one of the examples: a generated patch seldom names an attribute that there is."""
        if case.operation.label != examples.PATCHED or chance.random() < GENERATED_PATCH:
            return {}
        headers["Content-Type"] = chance.choice((examples.PATCH, examples.PATCH, examples.PATCH, "application/json"))
        data = json.dumps(chance.choice(examples.PATCHES))
        self.sent.append(data)
        return {"data": data.encode()}

    def _sign_in_again(self, person: str) -> None:
        """After a 401. A fuzzing admin also revokes its token, changes its password, and deletes itself."""
        try:
            if (
                self.cloud.get(
                    "/identity/v3/auth/tokens", as_=self.token, headers={"X-Subject-Token": self.token}
                ).status_code
                == 200
            ):
                return
            self.token = self.furnished.log_in(person)
        except AssertionError:
            self.cloud.pause()
            self.place.load(self.saved)
            self._resume(person)

    def _leak(self, person: str, answered: Any) -> str:
        """Data in the reply that belongs to a project which this person may not see."""
        if person == "admin":
            return ""
        text = answered.content.decode(errors="replace")
        for mark in ("ours", "theirs", "hidden") if person == "stranger" else ("theirs", "hidden"):
            if MARKS[mark] in text and not self._was_sent(MARKS[mark]):
                return f"the name or secret of a thing of {mark}"
            for kind, ids in self.furnished.things[mark].ids.items():
                for id in ids:
                    if id in text and not self._was_sent(id):
                        return f"the id of a {kind} of {mark}"
        return ""

    def _was_sent(self, text: str) -> bool:
        return any(text in each for each in self.sent)

    def _audit(self, service: Service, person: str) -> None:
        self.cloud.settle()
        for each in self.cloud.audit():
            said = f"{each['service']} {each['kind']}: {each['problem'][:200]}"
            self.heard.add(Finding(service.type, person, "afterwards", "audit", said, "", str(each)))

    def _find(self, service: Service, person: str, case: Any, what: str, said: str, answered: Any = None) -> None:
        request = f"{case.method} {case.formatted_path} query={case.query} body={case.body!r}"[:1500]
        reply = f"{answered.status_code} {answered.content[:6000].decode(errors='replace')}" if answered else ""
        label = case.operation.label
        cause = self.fault if answered is not None and answered.status_code >= 500 else ""
        self.heard.add(Finding(service.type, person, label, what, cause or said, request, reply, cause))


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raises Hang after this many real seconds; main thread only."""

    def stop(*_: Any) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
