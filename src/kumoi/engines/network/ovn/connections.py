"""The connections that this host's switch tracks, and the end of those that are translated as they no longer should be."""

import re
from pathlib import Path

from kumoi.engines.network.interface import Silent, Translations
from kumoi.kernel.processes import CommandFailed, run

WITHIN = 10.0
"""Seconds that the switch has to answer."""

TRACKED = re.compile(r"orig=\(src=([\d.]+),dst=([\d.]+),.*?reply=\(src=([\d.]+),dst=([\d.]+),.*?\),zone=(\d+)")
"""One IPv4 connection in the output of `dpctl/dump-conntrack` (ovs-vswitchd(8)): source and destination of the original
and of the reply direction, and the zone."""

End = tuple[str, str, str]
"""(zone, original tuple, reply tuple), as arguments of `dpctl/flush-conntrack`."""


def end(control: Path, kept: Translations) -> int:
    """End connections that `kept` does not allow. Returns the number of (outer, inner) address pairs that had some."""
    stale = sorted(
        {found for line in _switch(control, "dpctl/dump-conntrack").splitlines() for found in outdated(line, kept)}
    )
    for zone, asking, answering in stale:
        _switch(control, "dpctl/flush-conntrack", f"zone={zone}", asking, answering)
    return len(stale)


def outdated(line: str, kept: Translations) -> list[End]:
    """The flush arguments that end the connection on this line of the dump; empty if the connection is allowed."""
    found = TRACKED.search(line)
    if found is None:
        return []
    source, destination, answers_from, answers_to, zone = found.groups()
    if answers_from != destination and kept.floating.get(destination) != answers_from:
        return [(zone, f"ct_nw_dst={destination}", f"ct_nw_src={answers_from}")]
    if answers_to != source and answers_to not in kept.shared and kept.floating.get(answers_to) != source:
        return [(zone, f"ct_nw_src={source}", f"ct_nw_dst={answers_to}")]
    return []


def _switch(control: Path, *arguments: str) -> str:
    try:
        return run(["ovs-appctl", f"--target={control}", f"--timeout={WITHIN:.0f}", *arguments], within=WITHIN + 5)
    except CommandFailed as error:
        raise Silent(f"Open vSwitch on this host does not answer: {error.detail}") from error
