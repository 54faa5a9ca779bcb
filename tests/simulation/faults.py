"""What engines, hosts and runners do wrong, as a seed decides, and how often each was seen."""

import threading
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import msgspec

from kumoi.engines.images.interface import ImagesError
from kumoi.engines.network.interface import NetworkError
from kumoi.host.agent import Refusal
from kumoi.host.client import InProcess, Unreachable
from kumoi.host.concerns import CONCERNS

KINDS = (
    "the host does not answer", "the answer is lost", "the order arrives twice", "the engine refuses", "the engine breaks",
    "the order arrives late", "the answer arrives late", "the runner dies before the order",
    "the runner dies after the order", "the topology refuses", "the topology's answer is lost",
    "the change arrives twice", "the change arrives late",
    "the reconciler dies", "the store refuses",
    "dies before", "dies called", "dies recorded", "stalls before", "stalls called", "stalls recorded",
    "leases run out", "hours pass", "a guest dies", "a guest shuts itself down", "a client's reply is lost",
)  # fmt: skip
"""Every kind of fault; a long run must have hit each."""


class Killed(BaseException):
    """Stands for the death of a process: nothing catches it but the stage."""


class Mischief:
    """Decides. `calm`: nothing goes wrong any more."""

    def __init__(self, random: Random, seen: Counter[str]) -> None:
        self.random = random
        self.seen = seen
        self.calm = False
        self.walking: Callable[[], bool] = lambda: False
        """Whether the running thread is a runner's, which may die or stall."""
        self.stall: Callable[[], None] = lambda: None
        """The running runner sleeps until the stage wakes it."""

    def strikes(self, chance: float, kind: str) -> bool:
        if self.calm or self.random.random() >= chance:
            return False
        self.seen[kind] += 1
        return True

    def before(self, late: str, dies: str) -> None:
        if self.walking():
            if self.strikes(0.02, dies):
                raise Killed
            if self.strikes(0.03, late):
                self.stall()

    def after(self, late: str, dies: str) -> None:
        self.before(late, dies)


class BadHost(InProcess):
    """A host's agent, and the way to it."""

    mischief: Mischief

    def send(self, path: str, body: bytes, within: float) -> tuple[int, bytes]:
        mischief = self.mischief
        concern = path.split("/")[2]
        mischief.before("the order arrives late", "the runner dies before the order")
        if mischief.strikes(0.03, "the host does not answer"):
            raise Unreachable("the host does not answer")
        if mischief.strikes(0.02, "the engine refuses"):
            return 422, _refusal(next(iter(CONCERNS[concern].errors)), "no space left on the device")
        if mischief.strikes(0.01, "the engine breaks"):
            return 500, _refusal("Fault", "ZeroDivisionError")
        answer = super().send(path, body, within)
        if mischief.strikes(0.02, "the order arrives twice"):
            answer = super().send(path, body, within)
        mischief.after("the answer arrives late", "the runner dies after the order")
        if mischief.strikes(0.03, "the answer is lost"):
            raise Unreachable("the answer is lost")
        return answer


class BadTopology:
    """A topology whose changes go wrong; questions are answered."""

    def __init__(self, real: Any, mischief: Mischief) -> None:
        self.real, self.mischief = real, mischief

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.real, name)
        if not name.startswith(("apply_", "remove_")):
            return method

        def change(*arguments: Any) -> Any:
            self.mischief.before("the change arrives late", "the reconciler dies")
            if self.mischief.strikes(0.03, "the topology refuses"):
                raise NetworkError("the northbound database is not there")
            answer = method(*arguments)
            if self.mischief.strikes(0.03, "the change arrives twice"):
                method(*arguments)
            if self.mischief.strikes(0.03, "the topology's answer is lost"):
                raise NetworkError("the connection broke")
            return answer

        return change


class BadStore:
    """An image store whose disk is full, or away."""

    def __init__(self, real: Any, mischief: Mischief) -> None:
        self.real, self.mischief = real, mischief

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.real, name)
        if name != "delete":
            return method

        def change(*arguments: Any) -> Any:
            if self.mischief.strikes(0.1, "the store refuses"):
                raise ImagesError("the disk that holds the images is away")
            return method(*arguments)

        return change


def _refusal(error: str, message: str) -> bytes:
    return msgspec.json.encode(Refusal(error, message))


def in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
