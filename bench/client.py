"""A plain client: one keep-alive connection a thread, tokens from clouds.yaml, and `wrk` for load."""

import http.client
import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

READY_WITHIN = 60.0


class Client:
    """A user of the cloud at `base` (`http://127.0.0.1:5123`)."""

    def __init__(self, base: str, clouds: Path, name: str = "kumoi") -> None:
        self.base = base
        self.auth = yaml.safe_load(clouds.read_text())["clouds"][name]["auth"]
        self.local = threading.local()
        self.token = ""

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Status and decoded body; a lost connection is opened again once."""
        sent = {"X-Auth-Token": self.token, "Content-Type": "application/json", **(headers or {})}
        data = body if body is None or hasattr(body, "read") else json.dumps(body)
        for attempt in (0, 1):
            connection = getattr(self.local, "connection", None)
            if connection is None:
                connection = self.local.connection = http.client.HTTPConnection(urlsplit(self.base).netloc, timeout=120)
            try:
                connection.request(method, path, data, sent)
                response = connection.getresponse()
                raw = response.read()
                break
            except (OSError, http.client.HTTPException):
                connection.close()
                self.local.connection = None
                if attempt:
                    raise
        self.headers = response.headers
        try:
            return response.status, json.loads(raw) if raw else None
        except ValueError:
            return response.status, raw

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The decoded body of a successful request."""
        status, answer = self.call(method, path, body, **more)
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {answer}")
        return answer

    def login(self) -> int:
        """A fresh token; the status."""
        question = {
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {
                        "user": {
                            "name": self.auth["username"],
                            "password": self.auth["password"],
                            "domain": {"name": "Default"},
                        }
                    },
                },
                "scope": {"project": {"name": self.auth["project_name"], "domain": {"name": "Default"}}},
            }
        }
        status, answer = self.call("POST", "/identity/v3/auth/tokens", question)
        if status == 201:
            self.token = self.headers["X-Subject-Token"]
            self.project_id = answer["token"]["project"]["id"]
        return status

    def until(self, path: str, done: Any, within: float = 120.0, every: float = 0.05) -> Any:
        """Ask until `done(body)`; RuntimeError past the time."""
        end = time.perf_counter() + within
        while time.perf_counter() < end:
            answer = self.ask("GET", path)
            if done(answer):
                return answer
            time.sleep(every)
        raise RuntimeError(f"{path} was not done within {within} s: {answer}")

    @contextmanager
    def guessing(self, connections: int, seconds: int) -> Iterator[None]:
        """Meanwhile, this many clients guess passwords, each of another user, so that no account is slowed down."""
        user = {"name": "NUMBER", "password": "a guess", "domain": {"name": "Default"}}
        body = json.dumps({"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}})
        lines = [
            "local number = 0",
            f"local body = [==[{body}]==]",
            "request = function() number = number + 1; return wrk.format('POST', nil, "
            "{['Content-Type'] = 'application/json'}, (body:gsub('NUMBER', 'guess-' .. number))) end",
        ]
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            script.write("\n".join(lines))
            script.flush()
            argv = [
                "wrk",
                "-t",
                "1",
                "-c",
                str(connections),
                "-d",
                f"{seconds}s",
                "--timeout",
                "60s",
                "-s",
                script.name,
            ]
            running = subprocess.Popen([*argv, f"{self.base}/identity/v3/auth/tokens"], stdout=subprocess.DEVNULL)
            try:
                yield
            finally:
                running.terminate()
                running.wait()

    def load(
        self, path: str, connections: int, seconds: int = 5, method: str = "GET", headers: dict[str, str] | None = None,
        body: Any = None, lua: str = "",
    ) -> dict[str, float]:  # fmt: skip
        """Requests per second and milliseconds, measured by wrk. Refused requests are counted separately."""
        lines = [f'wrk.method = "{method}"', f'wrk.headers["X-Auth-Token"] = "{self.token}"']
        lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in (headers or {}).items()]
        if body is not None:
            lines += ['wrk.headers["Content-Type"] = "application/json"', f"wrk.body = [==[{json.dumps(body)}]==]"]
        # What makes requests that differ from each other.
        lines.append(lua)
        lines.append(
            "done = function(summary, latency) io.stderr:write(string.format("
            "'%d %d %d %d %d', summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),"
            " summary.errors.status)) end"
        )
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            script.write("\n".join(lines))
            script.flush()
            threads = min(connections, 2)
            argv = ["wrk", "-t", str(threads), "-c", str(connections), "-d", f"{seconds}s", "--timeout", "60s"]
            ran = subprocess.run(
                [*argv, "-s", script.name, self.base + path], capture_output=True, text=True, check=True
            )
        count, microseconds, p50, p99, refused = map(int, ran.stderr.strip().splitlines()[-1].split())
        return {
            "rate": round(count / (microseconds / 1e6), 1),
            "p50_ms": round(p50 / 1000, 2),
            "p99_ms": round(p99 / 1000, 2),
            "refused": refused,
        }
