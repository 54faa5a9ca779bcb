"""The packet counter: echo requests to every watched guest, and how long each stayed without an answer, and why."""

import os
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import Any

EVERY = 0.2
"""Seconds between two packets to a guest."""
LATE = 1.0
"""Seconds after which a late reply counts as a period of unreachability, though no packet was lost."""
BEFORE = 1.0
"""Seconds before a client's own stop or deletion in which its packets do not count, because replies may be under
way."""
CAUSED_WITHIN = 5.0
"""Seconds after a kill within which a gap that it caused may begin."""
OWN, SWITCH, DATABASE, CONTROL, NONE = (
    "its own QEMU",
    "ovs-vswitchd",
    "ovs-database",
    "everything else",
    "no kill at all",
)
CAUSES = (OWN, SWITCH, DATABASE, CONTROL, NONE)
"""A switch that lost its database delays packets until it has it again. After other kills packets are lost."""


@dataclass
class Kill:
    """One SIGKILL, at a time of time.monotonic()."""

    at: float
    name: str
    pid: int
    server_id: str = ""


@dataclass
class Gap:
    """A guest that should answer and did not in time: from the first such packet to the next that was answered."""

    address: str
    server_id: str
    began: float
    ended: float
    late: int = 0
    """Packets that were answered after LATE seconds."""
    lost: int = 0
    cause: str = NONE
    kills: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return self.ended - self.began


@dataclass
class Watch:
    """One guest's packets: when each was sent and whether it was answered. `spans`: when the guest should answer."""

    address: str
    server_id: str
    packets: list[list[float]] = field(default_factory=list)
    spans: list[list[float]] = field(default_factory=list)
    last: float = 0.0
    """When the newest reply arrived."""

    def expect(self) -> None:
        """The guest should answer from now on."""
        if not self.spans or self.spans[-1][1]:
            self.spans.append([time.monotonic(), 0.0])

    def excuse(self) -> None:
        """The client is about to stop it."""
        if self.spans and not self.spans[-1][1]:
            self.spans[-1][1] = max(self.spans[-1][0], time.monotonic() - BEFORE)

    def gaps(self) -> list[Gap]:
        found = []
        for began, until in self.spans:
            gap: Gap | None = None
            for sent, answered in list(self.packets):
                if not began <= sent <= (until or time.monotonic() - BEFORE):
                    continue
                if not answered or answered - sent > LATE:
                    gap = gap or Gap(self.address, self.server_id, sent, sent)
                    gap.late, gap.lost = gap.late + bool(answered), gap.lost + (not answered)
                    gap.ended = sent + EVERY
                elif gap:
                    gap.ended = sent
                    found.append(gap)
                    gap = None
            if gap:
                found.append(gap)
        return found

    def expected(self) -> float:
        """Seconds that it should have answered."""
        return sum((until or time.monotonic()) - began for began, until in self.spans)


class Counter:
    """Sends packets from `begin` to `end`, with its own raw socket."""

    def __init__(self) -> None:
        self.watches: list[Watch] = []
        self._watched: list[Watch] = []
        self._lock = threading.Lock()
        self._sent: dict[int, tuple[Watch, list[float]]] = {}
        self._number = 0
        self._ended = threading.Event()
        self._identity = os.getpid() & 0xFFFF
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self._socket.settimeout(0.5)
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._send, self._receive)]

    def begin(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(5)
        self._socket.close()

    def watch(self, address: str, server_id: str) -> Watch:
        made = Watch(address, server_id)
        with self._lock:
            self.watches.append(made)
            self._watched.append(made)
        return made

    def leave(self, watch: Watch) -> None:
        """Stop sending to it."""
        watch.excuse()
        with self._lock:
            if watch in self._watched:
                self._watched.remove(watch)

    def expected(self) -> set[str]:
        """The servers that should answer now."""
        with self._lock:
            return {watch.server_id for watch in self._watched if watch.spans and not watch.spans[-1][1]}

    def _send(self) -> None:
        while not self._ended.wait(EVERY):
            with self._lock:
                watched = list(self._watched)
            for watch in watched:
                self._number = (self._number + 1) & 0xFFFF
                packet = [time.monotonic(), 0.0]
                self._sent[self._number] = (watch, packet)
                watch.packets.append(packet)
                try:
                    self._socket.sendto(_echo(self._identity, self._number), (watch.address, 0))
                except OSError:
                    continue  # no route at the moment: the packet is lost

    def _receive(self) -> None:
        while not self._ended.is_set():
            try:
                data, (source, _) = self._socket.recvfrom(2048)
            except OSError:
                continue
            message = data[(data[0] & 15) * 4 :]
            kind, _, _, identity, number = struct.unpack("!BBHHH", message[:8])
            if kind == 0 and identity == self._identity and number in self._sent:
                watch, packet = self._sent[number]
                if watch.address == source:
                    packet[1] = watch.last = time.monotonic()


def explain(gaps: list[Gap], kills: list[Kill]) -> None:
    """Assign a cause to each gap. The death of the guest's own QEMU takes precedence over the switch's, and the
    switch's over others."""
    for gap in gaps:
        near = [kill for kill in kills if gap.began - CAUSED_WITHIN <= kill.at <= gap.ended]
        found = {
            OWN: [kill for kill in near if kill.server_id == gap.server_id],
            SWITCH: [kill for kill in near if kill.name == SWITCH],
            DATABASE: [kill for kill in near if kill.name == DATABASE],
            CONTROL: [kill for kill in near if not kill.server_id],
        }
        gap.cause = next((cause for cause in found if found[cause]), NONE)
        gap.kills = [kill.name for kill in found.get(gap.cause, [])]


def tell(watches: list[Watch], gaps: list[Gap]) -> dict[str, Any]:
    """For each cause: the number of gaps, their packets and seconds, the longest; and each guest with gaps."""
    causes: dict[str, dict[str, float]] = {}
    for name in CAUSES:
        of = [gap for gap in gaps if gap.cause == name]
        causes[name] = {
            "gaps": len(of),
            "packets lost": sum(gap.lost for gap in of),
            "packets late": sum(gap.late for gap in of),
            "seconds": round(sum(gap.seconds for gap in of), 1),
            "longest": round(max((gap.seconds for gap in of), default=0), 1),
        }
    guests = [
        {
            "server": watch.server_id,
            "should have answered": round(watch.expected(), 1),
            "unreachable": [
                {
                    "at": _clock(gap.began),
                    "seconds": round(gap.seconds, 1),
                    "lost": gap.lost,
                    "late": gap.late,
                    "cause": gap.cause,
                    "kills": gap.kills,
                }
                for gap in gaps
                if gap.server_id == watch.server_id and gap.address == watch.address
            ],
        }
        for watch in watches
    ]
    counted = [packet for watch in watches for packet in watch.packets]
    return {
        "packets": len(counted),
        "guests watched": len(watches),
        "seconds that guests should have answered": round(sum(watch.expected() for watch in watches), 1),
        "unreachable by cause": causes,
        "guests": guests,
    }


def _clock(moment: float) -> str:
    """The time of day of a moment of time.monotonic(), to be found in logs (UTC)."""
    return time.strftime("%H:%M:%S", time.gmtime(time.time() - time.monotonic() + moment))


def _echo(identity: int, number: int) -> bytes:
    body = b"kumoi-chaos-----"
    head = struct.pack("!BBHHH", 8, 0, 0, identity, number)
    return struct.pack("!BBHHH", 8, 0, _checksum(head + body), identity, number) + body


def _checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return 0xFFFF & ~int(total + (total >> 16))
