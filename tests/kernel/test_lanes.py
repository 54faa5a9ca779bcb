"""Slow work occupies no place of requests, is limited, and reports when the limit is reached."""

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import pytest

from kumoi.kernel.errors import Unavailable
from kumoi.kernel.lanes import LEAST_URGENT, Bounded, Lane, Threads
from tests.matrix.children import in_child
from tests.waits import PATIENCE, until


def test_requests_in_a_lane_leave_their_places_to_others() -> None:
    lane, go, inside = Lane("slow", 9), threading.Event(), threading.Semaphore(0)

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["slow"]:
            inside.release()
            return [lane.run(lambda: b"slow" if go.wait(PATIENCE) else b"too late")]
        return [b"quick"]

    bounded = Bounded(app, 2)
    with ThreadPoolExecutor(20) as clients:
        try:
            slow = [clients.submit(bounded, {"slow": True}, print) for _ in range(8)]
            assert all(inside.acquire(timeout=PATIENCE) for _ in slow), "two of them hold all places"
            quick = [clients.submit(bounded, {"slow": False}, print) for _ in range(8)]
            assert {tuple(done.result(PATIENCE)) for done in quick} == {(b"quick",)}
            go.set()
            assert {tuple(done.result(PATIENCE)) for done in slow} == {(b"slow",)}
        except BaseException:  # Those that wait for a place for ever would keep the test from ending.
            go.set()
            for _ in range(99):
                bounded.places.put(None)
            raise
    assert bounded.places.qsize() == 2


def test_no_more_answer_at_once_than_there_are_places() -> None:
    most, now, lock = 0, 0, threading.Lock()
    lane = Lane("slow", 99)

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        nonlocal most, now
        lane.run(lambda: None)
        with lock:
            now += 1
            most = max(most, now)
        with lock:
            now -= 1
        return [b""]

    bounded = Bounded(app, 1)
    with ThreadPoolExecutor(16) as clients:
        list(clients.map(lambda _: bounded({}, print), range(200)))
    assert most == 1 and bounded.places.qsize() == 1


def test_what_is_too_much_is_refused_at_once() -> None:
    lane, go = Lane("slow", 2), threading.Event()
    with ThreadPoolExecutor(9) as clients:
        doing = [clients.submit(lane.run, lambda: go.wait(PATIENCE)) for _ in range(9)]
        ended = as_completed(doing, PATIENCE)
        refused = [next(ended).exception() for _ in range(6)]
        assert all(isinstance(error, Unavailable) and error.headers["Retry-After"] == "1" for error in refused)
        go.set()
        assert [next(ended).result() for _ in range(3)] == [True] * 3
    assert lane.run(lambda: 7) == 7


def test_who_asks_for_room_waits_a_while_and_is_refused() -> None:
    lane, go = Lane("slow", 1, asking=2), threading.Event()
    with ThreadPoolExecutor(9) as clients:
        working = [clients.submit(lane.run, lambda: go.wait(PATIENCE)) for _ in range(2)]
        until(lambda: lane._inside == 2)
        for _ in range(2):
            with pytest.raises(Unavailable) as refused:
                lane.wait_for_room(0.01)
            assert refused.value.headers["Retry-After"] == "1"
        asking = [clients.submit(lane.wait_for_room, PATIENCE) for _ in range(2)]
        until(lambda: lane._asking == 2)
        with pytest.raises(Unavailable):
            lane.wait_for_room(PATIENCE)
        assert not any(asked.done() for asked in asking)
        go.set()
        assert all(done.result() for done in working) and [asked.result(PATIENCE) for asked in asking] == [None, None]
    lane.wait_for_room(0)


def test_who_asks_for_room_holds_no_place() -> None:
    lane, go = Lane("slow", 2, asking=9), threading.Event()

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["slow"]:
            lane.wait_for_room(PATIENCE)
        return [b"done"]

    bounded = Bounded(app, 1)
    with ThreadPoolExecutor(9) as clients:
        for _ in range(3):
            clients.submit(lane.run, lambda: go.wait(PATIENCE))
        until(lambda: lane._inside == 3)
        slow = [clients.submit(bounded, {"slow": True}, print) for _ in range(3)]
        until(lambda: lane._asking == 3)
        assert clients.submit(bounded, {"slow": False}, print).result(PATIENCE) == [b"done"]
        go.set()
        assert [list(done.result(PATIENCE)) for done in slow] == [[b"done"]] * 3
    assert bounded.places.qsize() == 1


def test_errors_come_through_and_a_place_comes_back() -> None:
    lane = Lane("slow", 0)

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        lane.run(lambda: 1 // 0)
        return []

    bounded = Bounded(app, 1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            bounded({}, print)


def test_a_lane_is_less_urgent() -> None:
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    lowest = 19
    assert Lane("slow", 1).run(lambda: os.getpriority(os.PRIO_PROCESS, 0)) == min(mine + LEAST_URGENT, lowest)
    assert os.getpriority(os.PRIO_PROCESS, 0) == mine


def test_a_forked_child_has_a_lane_of_its_own() -> None:
    lane = Lane("slow", 1)
    assert lane.run(lambda: 1) == 1
    child = os.fork()
    if not child:
        os._exit(7 if lane.run(lambda: 2) == 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_a_forked_child_has_threads_of_its_own() -> None:
    pool = Threads(2, "forked")
    assert pool.submit(lambda: 1).result() == 1
    assert in_child(lambda: pool.submit(lambda: 2).result()) == (True, 2)
    assert pool.submit(lambda: 3).result() == 3
