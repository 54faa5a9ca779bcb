"""Events with the newest first, and filters."""

from typing import Any

import pytest

from kumoi.kernel import clock, events
from tests.cloud import OTHER_PROJECT, PROJECT

PATH = "/kumoi/v1/events"


def happen(cloud: Any, kind: str, name: str, project: str = PROJECT, user: str = "u", request: str = "req-1") -> None:
    cloud.database.write(
        lambda tx: events.write(tx, kind, f"thing/{name}", request_id=request, user_id=user, project_id=project)
    )


def told(cloud: Any, query: str, as_: str = "member") -> tuple[list[str], int | None]:
    answer = cloud.get(f"{PATH}?{query}", as_=as_)
    assert answer.status_code == 200, answer.text
    return [each["subject"][6:] for each in answer.json["events"]], answer.json["earlier"]


def test_the_newest_first_page_by_page(cloud: Any) -> None:
    for name in "abcde":
        happen(cloud, "toy.make.done", name)
    first, earlier = told(cloud, "before=0&limit=2")
    assert first == ["e", "d"] and earlier is not None
    second, earlier = told(cloud, f"before={earlier}&limit=2")
    assert second == ["c", "b"]
    assert told(cloud, f"before={earlier}&limit=2") == (["a"], None)
    assert told(cloud, "limit=2") == (["a", "b"], None)


def test_a_page_looks_at_no_more_than_so_many(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LATEST", 2)
    for kind in ("rare.one", "toy.two", "toy.three", "toy.four"):
        happen(cloud, kind, kind)
    found, earlier = told(cloud, "before=0&kind=rare")
    assert found == [] and earlier is not None
    assert told(cloud, f"before={earlier}&kind=rare") == (["rare.one"], None)


@pytest.mark.parametrize("way", ["after=0", "before=0"])
def test_filters(cloud: Any, way: str) -> None:
    happen(cloud, "toy.make.done", "a")
    happen(cloud, "toy.makeshift.done", "b", user="v", request="req-2")
    happen(cloud, "toy.make", "c", project=OTHER_PROJECT)
    for query, wanted in {
        "kind=toy.make": {"a", "c"}, "kind=toy": {"a", "b", "c"}, "kind=toy_make": set(), "user=v": {"b"},
        "request=req-2": {"b"}, f"project={OTHER_PROJECT}": {"c"}, "subject=thing/a": {"a"},
    }.items():  # fmt: skip
        assert set(told(cloud, f"{way}&{query}", "admin")[0]) == wanted, query
    assert set(told(cloud, way)[0]) == {"a", "b"}
    assert told(cloud, f"{way}&project={OTHER_PROJECT}") == ([], None)


@pytest.mark.parametrize("way", ["after=0", "before=0"])
def test_filters_of_time(cloud: Any, way: str) -> None:
    for name in "abc":
        happen(cloud, "toy.make.done", name)
    rows = cloud.database.read(lambda tx: events.after(tx, 0, 9))
    for row, at in zip(rows, (10, 20, 30), strict=True):
        values = {"at": at * clock.SECOND}
        cloud.database.write(lambda tx, row=row, values=values: tx.update(events.events, {"id": row["id"]}, **values))

    def at(seconds: int) -> str:
        return clock.iso_microseconds(seconds * clock.SECOND, "Z")

    assert set(told(cloud, f"{way}&since={at(20)}")[0]) == {"b", "c"}
    assert set(told(cloud, f"{way}&until={at(20)}")[0]) == {"a"}
    assert set(told(cloud, f"{way}&since={at(11)}&until={at(30)}")[0]) == {"b"}
    assert told(cloud, f"{way}&since={at(31)}") == ([], None)
    assert told(cloud, f"{way}&until={at(10)}") == ([], None)


@pytest.mark.parametrize(
    ("query", "field"), [("since=soon", "since"), ("until=never", "until"), ("after=1&before=1", "before")]
)
def test_what_is_no_query(cloud: Any, query: str, field: str) -> None:
    answer = cloud.get(f"{PATH}?{query}")
    assert answer.status_code == 400 and field in answer.json["error"]["message"]
