"""The gaps that the packet counter detects, and their causes."""

import pytest

from tests.chaos.counter import CONTROL, DATABASE, NONE, OWN, SWITCH, Counter, Kill, Watch, explain, tell
from tests.end_to_end.clouds import until


def watched(*answers: float | None, spans: tuple[float, float] = (10.0, 20.0)) -> Watch:
    """One packet per second from 10 on, answered after the given seconds or never."""
    packets = [[10.0 + number, 0.0 if after is None else 10.0 + number + after] for number, after in enumerate(answers)]
    return Watch("192.0.2.1", "mine", packets, [list(spans)])


def test_what_is_lost_or_late_is_a_gap_until_the_next_answer_in_time() -> None:
    (first, second) = watched(0.1, None, 1.5, 0.2, 0.1, None).gaps()
    assert (first.began, first.ended, first.lost, first.late) == (11.0, 13.0, 1, 1)
    assert (second.began, second.lost) == (15.0, 1)


def test_what_the_client_stopped_itself_does_not_count() -> None:
    assert watched(0.1, None, None, spans=(10.0, 10.5)).gaps() == []


def test_the_nearest_kind_of_loss_is_blamed() -> None:
    kills = {
        OWN: Kill(10.5, "guest", 1, "mine"),
        SWITCH: Kill(10.6, "ovs-vswitchd", 2),
        DATABASE: Kill(10.7, "ovs-database", 3),
        CONTROL: Kill(10.8, "runner", 4),
        "another's": Kill(10.9, "guest", 5, "another"),
        "long ago": Kill(1.0, "runner", 6),
    }
    for cause in (OWN, SWITCH, DATABASE, CONTROL, NONE):
        gaps = watched(0.1, None, 0.1).gaps()
        explain(gaps, list(kills.values()))
        assert [gap.cause for gap in gaps] == [cause]
        kills.pop(cause, None)


@pytest.mark.real
def test_packets_to_this_machine_come_back() -> None:
    counter = Counter()
    counter.begin()
    watch = counter.watch("127.0.0.1", "self")
    watch.expect()
    until("packets", lambda: len(watch.packets) > 3)
    until("their answers", lambda: all(answered for _, answered in watch.packets[:3]))
    counter.end()
    assert watch.last > 0
    assert tell(counter.watches, [])["guests watched"] == 1
