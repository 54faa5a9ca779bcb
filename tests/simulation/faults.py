"""Faults of engines, hosts and runners, chosen by a seed, and how often each occurred."""

import errno
import json
import os
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import msgspec

from kumoi.engines.images.interface import ImagesError
from kumoi.engines.network.interface import NetworkError
from kumoi.engines.objects.interface import ObjectsError
from kumoi.engines.volumes.places import explaining_full_disk
from kumoi.host.agent import Agent, Refusal
from kumoi.host.client import InProcess, Unreachable
from kumoi.host.fences import Fences
from kumoi.kernel.database import Database, Transaction

KINDS = (
    "the host does not answer", "the answer is lost", "the order arrives twice", "the engine refuses", "the engine breaks",
    "the order arrives late", "the answer arrives late", "the runner dies before the order",
    "the runner dies after the order", "the topology refuses", "the topology's answer is lost",
    "the change arrives twice", "the change arrives late",
    "the reconciler dies", "the store refuses", "the object store refuses",
    "dies before", "dies called", "dies recorded", "stalls before", "stalls called", "stalls recorded",
    "leases run out", "hours pass", "a guest dies", "a guest shuts itself down", "a client's reply is lost",
    "the api dies before the commit", "the api dies after the commit", "a sleeper is outrun", "an outrun sleeper wakes",
    "the host hears an old order", "the agent starts again",
    "the disk of the host is full", "the disk of the images is full",
)  # fmt: skip
"""Every kind of fault. A long run must contain each."""
REFUSALS = {"hypervisor": "HypervisorError", "volumes": "VolumesError", "wiring": "NetworkError"}
"""Concern → the error with which its engine refuses."""


class Killed(BaseException):
    """Represents the death of a process. Only the stage catches it."""


class Mischief:
    """Chooses faults. `calm`: no more faults."""

    def __init__(self, random: Random, seen: Counter[str]) -> None:
        self.random = random
        self.seen = seen
        self.calm = False
        self.defects: list[str] = []
        """Events that must never happen. They are collected because an exception would be just one more failure for the
        running code."""
        self.walking: Callable[[], bool] = lambda: False
        """Whether the current thread is a runner's, which may die or stall."""
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
    """A host's agent and the connection to it. It records generations independently, and the agent must agree."""

    mischief: Mischief

    def __init__(self, agent: Agent, fences: Path) -> None:
        super().__init__(agent)
        self.path = fences
        self.newest: dict[str, int] = {}

    def start_again(self) -> None:
        """Restart the agent's process. It knows only the generations that it stored."""
        self.agent.fences.close()
        self.agent.fences = Fences(self.path)

    def obey(self, path: str, body: bytes, within: float) -> tuple[int, bytes]:
        status, answer = super().send(path, body, within)
        fence = json.loads(body or b"{}").get("fence")
        if fence:
            subject, generation = fence["subject"], fence["generation"]
            newest = self.newest.get(subject, generation)
            if generation < newest:
                self.mischief.seen["the host hears an old order"] += 1
                if status != 409:
                    said = f"the host obeyed {path} of generation {generation} after {newest} for {subject}: {status}"
                    self.mischief.defects.append(said)
            elif status != 409:
                self.newest[subject] = generation
        return status, answer

    def send(self, path: str, body: bytes, within: float) -> tuple[int, bytes]:
        mischief = self.mischief
        concern = path.split("/")[2]
        mischief.before("the order arrives late", "the runner dies before the order")
        if mischief.strikes(0.03, "the host does not answer"):
            raise Unreachable("the host does not answer")
        if mischief.strikes(0.03, "the engine refuses"):
            return 422, _refusal(REFUSALS[concern], "the engine refuses")
        if mischief.strikes(0.01, "the engine breaks"):
            return 500, _refusal("Fault", "ZeroDivisionError")
        answer = self.obey(path, body, within)
        if mischief.strikes(0.02, "the order arrives twice"):
            answer = self.obey(path, body, within)
        mischief.after("the answer arrives late", "the runner dies after the order")
        if mischief.strikes(0.03, "the answer is lost"):
            raise Unreachable("the answer is lost")
        return answer


FILLING = ("prepare_base", "create", "snapshot", "extend")
"""Methods that need space on a host's disk."""


class BadVolumes:
    """A host's volumes, whose disk is sometimes full. Errors of the operating system are converted as in the real
    engine."""

    def __init__(self, real: Any, mischief: Mischief) -> None:
        self.real, self.mischief = real, mischief

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.real, name)
        if name not in FILLING:
            return method

        def filling(*arguments: Any, **named: Any) -> Any:
            if self.mischief.strikes(0.05, "the disk of the host is full"):
                with explaining_full_disk():
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return method(*arguments, **named)

        return filling


def full_disk(call: str) -> Any:
    """Context manager: the operating system refuses this call of it because the disk is full."""
    return mock.patch(call, side_effect=OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))


class MortalDatabase:
    """A database whose process dies at its next write: before the commit, or between the commit and the reply."""

    def __init__(self, real: Database, *, committed: bool) -> None:
        self.real, self.committed = real, committed
        self.died = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def write(self, work: Callable[[Transaction], Any], *, durable: bool = True) -> Any:
        def doomed(tx: Transaction) -> Any:
            result = work(tx)
            if not self.committed:
                self.died = True
                raise Killed
            return result

        self.real.write(doomed, durable=durable)
        self.died = True
        raise Killed


class BadTopology:
    """A topology whose changes fail. Reads work."""

    def __init__(self, real: Any, mischief: Mischief) -> None:
        self.real, self.mischief = real, mischief

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.real, name)
        if name not in ("apply", "apply_all", "remove"):
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
    """An image store whose disk is full, or that is unavailable."""

    def __init__(self, real: Any, mischief: Mischief) -> None:
        self.real, self.mischief = real, mischief

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.real, name)
        if name != "delete":
            return method

        def change(*arguments: Any) -> Any:
            if self.mischief.strikes(0.25, "the store refuses"):
                raise ImagesError("the disk that holds the images is away")
            return method(*arguments)

        return change


class BadObjects:
    """An object store that takes no bytes."""

    def __init__(self, real: Any, mischief: Mischief) -> None:
        self.real, self.mischief = real, mischief

    def __getattr__(self, name: str) -> Any:
        if name == "begin" and self.mischief.strikes(0.25, "the object store refuses"):
            raise ObjectsError("the disk that holds the objects is away")
        return getattr(self.real, name)


def _refusal(error: str, message: str) -> bytes:
    return msgspec.json.encode(Refusal(error, message))


def in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
