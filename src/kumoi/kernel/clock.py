"""The only source of time. Instants are integer microseconds since 1970-01-01 UTC, everywhere, tables included."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

SECOND = 1_000_000


class Clock(Protocol):
    def now(self) -> int:
        """Microseconds since the epoch, UTC."""

    def monotonic(self) -> float:
        """Seconds that never step backwards."""

    def sleep(self, seconds: float) -> None: ...

    def spent(self) -> float:
        """Seconds of processor time that this thread has had."""


class SystemClock:
    def now(self) -> int:
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def spent(self) -> float:
        return time.thread_time()


class VirtualClock:
    """A clock for tests and simulation, which moves only when it is advanced."""

    def __init__(self, start: int = 1_800_000_000 * SECOND) -> None:
        self.instant = start

    def now(self) -> int:
        return self.instant

    def monotonic(self) -> float:
        return self.instant / SECOND

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def spent(self) -> float:
        return 0.0

    def advance(self, seconds: float) -> None:
        self.instant += round(seconds * SECOND)


_clock: Clock = SystemClock()


@contextmanager
def using(clock: Clock) -> Iterator[None]:
    """Every reader of time in this process sees `clock` inside the block."""
    global _clock
    before, _clock = _clock, clock
    try:
        yield
    finally:
        _clock = before


def now() -> int:
    """Microseconds since the epoch, UTC."""
    return _clock.now()


def monotonic() -> float:
    """Seconds that never step backwards."""
    return _clock.monotonic()


def sleep(seconds: float) -> None:
    _clock.sleep(seconds)


def spent() -> float:
    """Seconds of processor time that this thread has had; where time is virtual, none."""
    return _clock.spent()


def iso(instant: int) -> str:
    """`2026-11-22T11:30:51Z`: how compute, network and image write a time."""
    return datetime.fromtimestamp(instant // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_microseconds(instant: int, suffix: str = "") -> str:
    """`2026-11-22T11:30:51.000000` + suffix: identity appends `Z`, block storage nothing."""
    return (
        datetime.fromtimestamp(instant // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        + f".{instant % SECOND:06d}{suffix}"
    )


def parse_iso(text: str) -> int:
    """The instant that an ISO 8601 text names; a text without zone is UTC. ValueError when it is not one, or when it is
    outside the years 1 to 9999 of UTC, which `iso` could not write."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text[:80]} is outside the years 1 to 9999") from error
    return int(moment.timestamp()) * SECOND + moment.microsecond
