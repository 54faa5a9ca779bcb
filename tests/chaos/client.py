"""A client that retries like real ones after a lost reply. Creating requests use an Idempotency-Key."""

import threading
import time
import uuid
from collections import Counter
from random import Random
from typing import Any

import httpx

from tests.end_to_end.clouds import Cloud

PATIENCE = 90.0
"""Seconds within which a request must get an answer other than "try again"."""
AGAIN = 0.25
TRY_AGAIN = (502, 503, 504)
COMPUTE = {"OpenStack-API-Version": "compute 2.90"}
STORAGE = {"OpenStack-API-Version": "volume 3.60"}


class Refused(Exception):
    """The cloud refused: status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Stuck(AssertionError):
    """Something did not happen in time."""


class Tally:
    """Requests and their outcomes, by all clients together."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.slowest = 0.0
        self.faults: list[str] = []
        """Results that must never occur: 500s, a different reply to the same key, no answer within PATIENCE."""
        self._lock = threading.Lock()

    def note(self, outcome: str) -> None:
        with self._lock:
            self.outcomes[outcome] += 1

    def miss(self, why: str) -> None:
        with self._lock:
            self.lost[why] += 1

    def fault(self, words: str) -> None:
        with self._lock:
            self.faults.append(words)
        print(f"  FAULT {words}", flush=True)


class Client:
    """One user's requests, one at a time."""

    def __init__(self, cloud: Cloud, tally: Tally, random: Random) -> None:
        self.tally, self.random = tally, random
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{cloud.port}", timeout=30.0)
        self.auth = cloud.sdk().config.config["auth"]
        self.token = ""
        self.project_id = ""

    def get(self, path: str) -> Any:
        return self.ask("GET", path).json()

    def make(self, path: str, body: dict[str, Any]) -> Any:
        """A creating POST with its own key. One in ten is sent twice, as after a lost reply."""
        key = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        answer = self.ask("POST", path, body, key).json()
        if self.random.random() < 0.1:
            again = self.ask("POST", path, body, key).json()
            self.tally.note("asked twice by one key")
            if again != answer:
                self.tally.fault(f"POST {path} answered one key twice: {answer} and {again}")
        return answer

    def act(self, path: str, body: dict[str, Any]) -> None:
        self.ask("POST", path, body, str(uuid.UUID(int=self.random.getrandbits(128), version=4)))

    def delete(self, path: str) -> None:
        """A resource that is already gone is no error."""
        try:
            self.ask("DELETE", path)
        except Refused as error:
            if error.status != 404:
                raise

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, key: str = "") -> httpx.Response:
        """The answer, after retries. Refused for 4xx; Stuck after PATIENCE."""
        began = time.monotonic()
        shown = f"{method} {_route(path)}"
        while True:
            why = ""
            try:
                self.sign_in()
                headers = {"X-Auth-Token": self.token, **(STORAGE if path.startswith("/volume") else COMPUTE)}
                if key:
                    headers["Idempotency-Key"] = key
                answer = self.http.request(method, path, json=body, headers=headers)
                if answer.status_code in TRY_AGAIN:
                    why = str(answer.status_code)
            except httpx.TransportError as error:
                why = type(error).__name__
            except NotYet as error:
                why = str(error)
            if why:
                self.tally.miss(f"{shown}: {why}")
                if time.monotonic() - began > PATIENCE:
                    self.tally.fault(f"{shown} got no answer for {PATIENCE:.0f} s: {why}")
                    raise Stuck(f"{shown}: {why}")
                time.sleep(AGAIN)
                continue
            took = time.monotonic() - began
            self.tally.slowest = max(self.tally.slowest, took)
            self.tally.note(f"{shown} {answer.status_code}")
            if answer.status_code >= 500:
                self.tally.fault(f"{shown} answered {answer.status_code}: {answer.text[:300]}")
            if answer.status_code >= 400:
                raise Refused(answer.status_code, answer.text[:300])
            return answer

    def sign_in(self) -> None:
        """Once. NotYet, or TransportError."""
        if not self.token:
            self._sign_in()

    def _sign_in(self) -> None:
        user = {"name": self.auth["username"], "password": self.auth["password"], "domain": {"name": "Default"}}
        scope = {"project": {"name": self.auth["project_name"], "domain": {"name": "Default"}}}
        identity = {"methods": ["password"], "password": {"user": user}}
        answer = self.http.post("/identity/v3/auth/tokens", json={"auth": {"identity": identity, "scope": scope}})
        if answer.status_code in TRY_AGAIN:
            raise NotYet(f"token {answer.status_code}")
        assert answer.status_code == 201, answer.text
        self.token = answer.headers["X-Subject-Token"]
        self.project_id = answer.json()["token"]["project"]["id"]


class NotYet(Exception):
    """The cloud says to try again."""


def _route(path: str) -> str:
    """The path with ids as `{id}`."""
    parts = path.partition("?")[0].split("/")
    return "/".join("{id}" if len(part) in (32, 36) else part for part in parts)
