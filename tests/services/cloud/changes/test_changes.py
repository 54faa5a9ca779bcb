"""The stream of changes: whom it tells what, and that nothing is missed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from kumoi.kernel import changes, clock, feed, operations, wakeup
from kumoi.kernel.errors import DatabaseAway, Unauthorized
from kumoi.kernel.wakeup import Bell
from kumoi.services.network.network_rows.models import networks as networks_table
from tests.cloud import CALLERS, OTHER_PROJECT, PROJECT
from tests.kernel.toys import MAKE
from tests.services.cloud.changes.listening import Listener, listening
from tests.waits import PATIENCE, until

NETWORKS = "/network/v2.0/networks"


@pytest.fixture
def live(cloud: Any) -> Iterator[Any]:
    """A cloud whose commits ring. Its feed has a position."""
    network(cloud, "other")
    wakeup.announce_with(Bell(cloud.folder.changes_socket).ring)
    yield cloud
    wakeup.announce_with(lambda _: None)


def network(cloud: Any, as_: str = "member", **values: Any) -> str:
    made = cloud.post(NETWORKS, as_=as_, json={"network": {"name": "n", **values}})
    assert made.status_code == 201, made.text
    return str(made.json["network"]["id"])


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 3 * PATIENCE))


async def beside(function: Any, *arguments: Any, **more: Any) -> Any:
    return await asyncio.to_thread(function, *arguments, **more)


def test_what_changes_is_told_at_once(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "POLL_SECONDS", 3600.0)

    async def work() -> None:
        async with listening(live) as listener:
            assert (listener.status, listener.headers["content-type"]) == (200, "text/event-stream")
            assert listener.headers["x-accel-buffering"] == "no" and listener.headers["cache-control"] == "no-store"
            hello = await listener.next()
            assert hello.event == "hello" and hello.id == hello.data["position"]
            network_id = await beside(network, live)
            told = (await listener.until(network_id))[-1]
            assert (told.event, told.data) == ("", {
                "service": "network", "resource": "network", "id": network_id, "project_id": PROJECT, "kind": "changed",
            })  # fmt: skip
            await beside(live.delete, f"{NETWORKS}/{network_id}")
            assert (await listener.until(network_id))[-1].data["kind"] == "deleted"

    run(work)


def test_each_sees_what_it_may(live: Any) -> None:
    async def work() -> None:
        async with (
            listening(live, "member") as member,
            listening(live, "other") as other,
            listening(live, "system-reader") as system,
        ):
            mine = await beside(network, live)
            theirs = await beside(network, live, "other")
            both = await beside(network, live, "admin", shared=True)
            seen = {who: {one.data.get("id") for one in await who.until(both)} for who in (member, other, system)}
        assert mine in seen[member] and theirs not in seen[member]
        assert theirs in seen[other] and mine not in seen[other]
        assert {mine, theirs, both} <= seen[system]

    run(work)


def test_others_are_told_that_it_is_theirs_no_more(live: Any) -> None:
    """Also if it changes once more at once, and both are read together."""

    def change(tx: Any) -> None:
        for values in ({"shared": False}, {"name": "mine"}):
            tx.update(networks_table, {"id": shared}, **values)

    shared = network(live, "admin", shared=True)

    async def work() -> None:
        async with listening(live, "other") as other:
            await beside(live.database.write, change)
            assert (await other.until(shared))[-1].data["kind"] == "changed"

    run(work)


def test_nothing_is_missed_after_a_lost_connection(live: Any) -> None:
    async def work() -> None:
        async with listening(live) as listener:
            first = await beside(network, live)
            position = (await listener.until(first))[-1].id
        missed = [await beside(network, live) for _ in range(3)]
        await beside(network, live, "other")
        async with listening(live, after=position) as listener:
            hello = await listener.next()
            assert hello.event == "hello" and hello.id == ""
            told = [one for one in await listener.until(missed[-1]) if one.data["resource"] == "network"]
            assert [one.data["id"] for one in told] == missed
            later = await beside(network, live)
            assert later in {one.data.get("id") for one in await listener.until(later)}
        async with listening(live, after=told[0].id) as listener:
            again = [one for one in await listener.until(later) if one.data.get("resource") == "network"]
            assert [one.data["id"] for one in again] == [*missed[1:], later]

    run(work)


def test_changes_while_one_catches_up_come_once_and_in_order(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PAGE", 2)

    async def work() -> None:
        async with listening(live) as listener:
            position = (await listener.next()).id
            before = [await beside(network, live) for _ in range(4)]
            writing = asyncio.get_running_loop().run_in_executor(None, lambda: [network(live) for _ in range(4)])
            async with listening(live, after=position) as back:
                after = await writing
                told = [one.data["id"] for one in await back.until(after[-1]) if one.data.get("resource") == "network"]
            assert told == [*before, *after]

    run(work)


@pytest.mark.parametrize("why", ["another feed", "swept", "too far behind"])
def test_a_position_that_is_too_old(live: Any, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with listening(live) as listener:
            position = (await listener.until(await beside(network, live)))[-1].id
        if why == "swept":
            monkeypatch.setattr(changes, "MOST", 1)
            await beside(network, live)
            await beside(live.sweep)
        elif why == "too far behind":
            monkeypatch.setattr(feed, "MOST_BEHIND", -1)
            await beside(network, live)
        else:
            position = str(changes.Position.read(position)._replace(at=1))
        async with listening(live, after=position) as listener:
            assert (await listener.next()).event == "hello"
            reset = await listener.next()
            assert reset.event == "reset" and reset.data == {"reason": "the position is too old"}
            later = await beside(network, live)
            assert (await listener.until(later))[-1].data["id"] == later
        monkeypatch.undo()
        async with listening(live, after=reset.id) as listener:
            assert (await listener.next()).event == "hello"
            assert later in {one.data["id"] for one in await listener.until(later)}

    run(work)


@pytest.mark.parametrize("query", ["after=x", "after=", "after=1-2", f"after={'9' * 70}"])
def test_no_position(live: Any, query: str) -> None:
    async def work() -> None:
        async with listening(live, query=query) as listener:
            assert listener.status == 400
            assert b"after" in await listener.came.get()

    run(work)


def test_a_client_that_reads_too_slowly_is_let_go(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "MOST_WAITING", 10)

    async def work() -> None:
        async with listening(live) as slow, listening(live) as quick:
            await slow.next()
            slow.may_read.clear()
            for _ in range(15):
                last = await beside(network, live)
                await quick.until(last)
            slow.may_read.set()
            messages = await slow.rest()
            assert messages[-1].event == "reset" and len(messages) <= 11
            assert messages[-1].data == {"reason": "the client reads too slowly"}
            position = messages[-1].id
        assert position
        async with listening(live, after=position) as back:
            assert (await back.next()).event == "hello"

    run(work)


def test_a_client_that_left_costs_nothing_more(live: Any) -> None:
    async def work() -> None:
        async with listening(live):
            the_feed = feed.of(live.database, live.folder.changes_socket)
            assert len(the_feed._admitted) == 1 and live.folder.changes_socket.exists()
        assert the_feed._admitted == the_feed._joined == set()
        await beside(until, lambda: not live.folder.changes_socket.exists())
        async with listening(live) as listener:
            made = await beside(network, live)
            assert (await listener.until(made))[-1].data["id"] == made

    run(work)


def test_how_many_streams_there_may_be(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "MOST_OF_ONE_USER", 1)
    monkeypatch.setattr(feed, "MOST_STREAMS", 2)

    async def work() -> None:
        async with listening(live, "member"):
            async with listening(live, "member") as second:
                assert second.status == 429 and second.headers["retry-after"] == "10"
            async with listening(live, "other") as other:
                assert other.status == 200
                async with listening(live, "admin") as third:
                    assert third.status == 429
        async with listening(live, "member") as again:
            assert again.status == 200

    run(work)


async def ended(listener: Listener) -> list[str]:
    """The events up to the end."""
    return [message.event for message in await listener.rest()]


def test_a_revoked_token_ends_the_stream(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from kumoi.kernel import epochs

    async def work() -> None:
        async with listening(live) as listener, listening(live, "admin") as admin:
            await listener.next()
            monkeypatch.delitem(CALLERS, "member")
            await beside(live.database.write, lambda tx: epochs.advance(tx, "identity"))
            assert await ended(listener) == ["end"]
            made = await beside(network, live, "admin")
            assert (await admin.until(made))[-1].data["id"] == made

    run(work)


def test_a_check_that_fails_is_made_again(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """And ends no other check: a stream whose caller is not checked would go on for ever."""
    from kumoi.kernel import epochs

    monkeypatch.setattr(feed, "POLL_SECONDS", 0.05)

    async def work() -> None:
        async with listening(live) as listener, listening(live, "admin") as admin:
            for each in (listener, admin):
                await each.next()
            for follower in feed.of(live.database, live.folder.changes_socket)._joined:
                answers = iter([RuntimeError("broken"), Unauthorized("revoked")])

                def check(answers: Iterator[Exception] = answers) -> Any:
                    raise next(answers)

                monkeypatch.setattr(follower, "check", check)
            await beside(live.database.write, lambda tx: epochs.advance(tx, "identity"))
            assert await ended(listener) == ["end"] == await ended(admin)

    run(work)


def test_a_token_that_was_revoked_while_the_stream_began(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = feed.Feed.join

    async def revoked(the_feed: feed.Feed, follower: Any) -> Any:
        CALLERS.pop("member")
        return await whole(the_feed, follower)

    monkeypatch.setitem(CALLERS, "member", CALLERS["member"])
    monkeypatch.setattr(feed.Feed, "join", revoked)

    async def work() -> None:
        async with listening(live) as listener:
            assert await ended(listener) == ["hello", "end"]

    run(work)


def test_a_lost_role_ends_the_stream_and_another_project_is_heeded(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from kumoi.kernel import epochs

    async def work() -> None:
        async with listening(live) as listener, listening(live, "reader") as reader:
            await listener.next()
            monkeypatch.setitem(CALLERS, "member", CALLERS["roleless"])
            monkeypatch.setitem(CALLERS, "reader", replace(CALLERS["reader"], project_id=OTHER_PROJECT))
            await beside(live.database.write, lambda tx: epochs.advance(tx, "identity"))
            assert await ended(listener) == ["end"]
            mine, theirs = await beside(network, live, "admin"), await beside(network, live, "other")
            assert mine not in {one.data.get("id") for one in await reader.until(theirs)}

    run(work)


def test_an_expired_token_ends_the_stream(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    soon = replace(CALLERS["member"], expires_at=clock.now() + 3 * clock.SECOND)
    monkeypatch.setitem(CALLERS, "member", soon)

    async def work() -> None:
        async with listening(live) as listener:
            assert (await ended(listener))[-1] == "end"

    run(work)


def test_heartbeats_tell_the_position(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "HEARTBEAT_SECONDS", 0.05)

    async def work() -> None:
        async with listening(live, "other") as listener, listening(live, "member") as member:
            first = (await listener.next()).id
            told = (await member.until(await beside(network, live)))[-1].id
            while (beat := await listener.next()).id == first:
                assert (beat.event, beat.data) == ("", {})
            assert (beat.event, beat.data) == ("", {})
            while beat.id != told:
                beat = await listener.next()

    run(work)


def test_operations_name_their_subjects(live: Any) -> None:
    def begin(tx: Any) -> str:
        return operations.begin(
            tx, MAKE, ["thing/a", "thing/b"], {"id": "a"}, request_id="r", user_id="u", project_id=PROJECT
        )

    async def work() -> None:
        async with listening(live) as listener:
            operation_id = await beside(live.database.write, begin)
            told = (await listener.until(operation_id))[-1]
            assert told.data["resource"] == "operation" and told.data["subjects"] == ["thing/a", "thing/b"]

    run(work)


def test_a_database_that_is_away_for_a_while(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "POLL_SECONDS", 0.05)

    async def work() -> None:
        async with listening(live) as listener:
            await listener.next()
            monkeypatch.setattr(feed.of(live.database, live.folder.changes_socket), "ask", away)
            made = await beside(network, live)
            asked.clear()
            await asked.wait()
            monkeypatch.undo()
            assert (await listener.until(made))[-1].data["id"] == made

    async def away(_question: Any) -> Any:
        asked.set()
        raise DatabaseAway

    asked = asyncio.Event()
    run(work)


def test_strangers_and_the_roleless(live: Any) -> None:
    async def work() -> None:
        for as_, status in (
            (None, 401),
            ("nobody", 401),
            ("roleless", 403),
            ("unscoped", 403),
            ("domain-manager", 403),
        ):
            async with listening(live, as_) as listener:
                assert listener.status == status

    run(work)


def test_all_streams_end_with_the_process(live: Any) -> None:
    async def work() -> None:
        async with listening(live) as listener:
            await listener.next()
            feed.end()
            assert await ended(listener) == ["end"]

    run(work)
