"""The shapes of plain resources that other APIs have: bare bodies, rows of nobody, other statuses and links, nested ones."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
import sqlalchemy as sa

from kumoi.kernel import plain, policy, routes, rows
from kumoi.kernel.database import Instant, Table, Transaction, metadata
from kumoi.kernel.errors import Conflict, NotFound
from kumoi.kernel.quotas import Quota, registry
from kumoi.kernel.routes import Service
from kumoi.kernel.who import Who
from tests.cloud import Cloud

V1 = "/plays/v1"
_numbers = itertools.count()
boxes: Table[Any] = Table(
    "toy_boxes",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)
pieces: Table[Any] = Table(
    "toy_pieces",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("box_id", sa.String(36), nullable=False),
    sa.Column("note", sa.String(80), nullable=False),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)
rules: Table[Any] = Table(
    "toy_rules",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)


class Create(msgspec.Struct, forbid_unknown_fields=True):
    name: str


class Update(msgspec.Struct, forbid_unknown_fields=True):
    name: str | msgspec.UnsetType = msgspec.UNSET


class Change(msgspec.Struct, forbid_unknown_fields=True):
    """Of a JSON patch."""

    path: str
    value: str
    op: str = "replace"


class Thing(msgspec.Struct):
    id: str
    name: str
    href: str


class Reference(msgspec.Struct):
    thing_ref: str


class Offsets(rows.ListQuery, kw_only=True):
    offset: rows.Offset = 0
    limit: Annotated[int, msgspec.Meta(ge=1)] | None = 2


def absent(key: str) -> NotFound:
    return NotFound(f"{key} is not there.")


BOXES: rows.ProjectRows[Any] = rows.ProjectRows(table=boxes, absent=absent, order=(("name", "asc"),))
RULES: rows.SharedRows[Any] = rows.SharedRows(table=rules, absent=absent, order=(("name", "asc"),))
PIECES: rows.SharedRows[Any] = rows.SharedRows(table=pieces, absent=absent, order=(("name", "asc"),))
VIEW: plain.View[Any] = plain.View(Thing, lambda row, url: Thing(row["id"], row["name"], url))


def inherited(box: Mapping[str, Any], asked: Create) -> Mapping[str, Any]:
    if asked.name == box["name"]:
        raise Conflict("name: it is the name of the box.")
    return {"note": f"in {box['name']}"}


MEMBERS = plain.Policies()
IN_BOX = plain.Parent(rows=BOXES, column="box_id", inherited=inherited)


def patched(tx: Transaction, who: Who, row: Mapping[str, Any], asked: list[Change]) -> Mapping[str, Any]:
    return {change.path.strip("/"): change.value for change in asked}


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Cloud]]:
    clouds: list[Cloud] = []
    types: list[str] = []

    def served(*made: routes.Routes) -> Cloud:
        # A type of its own: tests/cloud.py keeps the API of a type for the next cloud.
        types.append(f"plays_{next(_numbers)}")
        service = Service(
            type=types[-1], name="plays", prefix=V1, root="/plays", catalog_type="plays", catalog_path="/plays",
            routes=made, render_error=lambda error: {"error": error.message}, discovery=lambda _s, _u: {"versions": []},
        )  # fmt: skip
        clouds.append(Cloud(tmp_path, f"sqlite:///{tmp_path / 'kumoi.db'}", services=[service]))
        return clouds[-1]

    yield served
    for cloud in clouds:
        cloud.close()
    for name in types:
        del routes.declared[name]
    registry.pop(("plays", "piece"), None)


def asked(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json


def local(url: str) -> str:
    return url[url.index(V1) :]


def test_bare_bodies(serve: Callable[..., Cloud]) -> None:
    cloud = serve(
        plain.routes(BOXES, "box", "boxes", create=Create, update=Update, view=VIEW, bare=True, method="PATCH")
    )
    box = asked(cloud.post(f"{V1}/boxes", json={"name": "a"}), 201)
    assert box["name"] == "a" and box["href"].endswith(f"{V1}/boxes/{box['id']}")
    assert asked(cloud.get(f"{V1}/boxes/{box['id']}")) == box
    assert asked(cloud.patch(f"{V1}/boxes/{box['id']}", json={"name": "b"}))["name"] == "b"
    assert asked(cloud.get(f"{V1}/boxes"))["boxes"] == [{**box, "name": "b"}]
    refused = cloud.post(f"{V1}/boxes", json={"box": {"name": "a"}})
    assert refused.status_code == 400 and "box" in refused.text


def test_a_patch_that_is_a_list(serve: Callable[..., Cloud]) -> None:
    cloud = serve(
        plain.routes(
            BOXES, "box", "boxes", create=Create, update=list[Change], changes=patched, view=VIEW, bare=True, method="PATCH"
        )
    )  # fmt: skip
    box = asked(cloud.post(f"{V1}/boxes", json={"name": "a"}), 201)
    changed = cloud.patch(f"{V1}/boxes/{box['id']}", json=[{"path": "/name", "value": "b"}])
    assert asked(changed)["name"] == "b"


def test_statuses(serve: Callable[..., Cloud]) -> None:
    statuses = plain.Statuses(create=202, update=204, delete=202)
    cloud = serve(plain.routes(BOXES, "box", "boxes", create=Create, update=Update, view=VIEW, statuses=statuses))
    box = asked(cloud.post(f"{V1}/boxes", json={"box": {"name": "a"}}), 202)["box"]
    changed = cloud.put(f"{V1}/boxes/{box['id']}", json={"box": {"name": "b"}})
    assert changed.status_code == 204 and changed.text == ""
    assert asked(cloud.get(f"{V1}/boxes/{box['id']}"))["box"]["name"] == "b"
    assert cloud.delete(f"{V1}/boxes/{box['id']}").status_code == 202


def test_routes_that_are_not_there(serve: Callable[..., Cloud]) -> None:
    cloud = serve(plain.routes(BOXES, "box", "boxes", view=VIEW))
    assert cloud.post(f"{V1}/boxes", json={"box": {"name": "a"}}).status_code == 405
    assert cloud.put(f"{V1}/boxes/x", json={"box": {}}).status_code == 405


def test_a_new_row_is_shown_by_its_reference(serve: Callable[..., Cloud]) -> None:
    created: plain.View[Any] = plain.View(Reference, lambda row, url: Reference(url))
    cloud = serve(
        plain.routes(BOXES, "box", "boxes", create=Create, view=VIEW, created=created, bare=True, location=True)
    )
    made = cloud.post(f"{V1}/boxes", json={"name": "a"})
    url = asked(made, 201)["thing_ref"]
    assert made.headers["Location"] == url
    assert asked(cloud.get(local(url)))["name"] == "a"


def test_a_list_may_show_less(serve: Callable[..., Cloud]) -> None:
    listed: plain.View[Any] = plain.View(Reference, lambda row, url: Reference(url))
    cloud = serve(plain.routes(BOXES, "box", "boxes", create=Create, view=VIEW, listed=listed))
    box = asked(cloud.post(f"{V1}/boxes", json={"box": {"name": "a"}}), 201)["box"]
    assert asked(cloud.get(f"{V1}/boxes"))["boxes"] == [{"thing_ref": box["href"]}]


def test_rows_of_nobody(serve: Callable[..., Cloud]) -> None:
    cloud = serve(
        plain.routes(RULES, "rule", "rules", create=Create, update=Update, view=VIEW, policies=plain.ADMIN_CHANGES)
    )
    rule = asked(cloud.post(f"{V1}/rules", as_="system", json={"rule": {"name": "a"}}), 201)["rule"]
    one = f"{V1}/rules/{rule['id']}"
    assert cloud.post(f"{V1}/rules", json={"rule": {"name": "b"}}).status_code == 403
    assert asked(cloud.get(one, as_="other"))["rule"] == rule and asked(cloud.get(f"{V1}/rules"))["rules"] == [rule]
    assert cloud.put(one, json={"rule": {"name": "b"}}).status_code == 403
    assert asked(cloud.put(one, as_="admin", json={"rule": {"name": "b"}}))["rule"]["name"] == "b"
    assert cloud.delete(one).status_code == 403
    assert cloud.delete(one, as_="admin").status_code == 204
    gone = cloud.get(one)
    assert gone.status_code == 404 and "is not there" in gone.text


def test_rows_that_only_an_admin_sees(serve: Callable[..., Cloud]) -> None:
    cloud = serve(plain.routes(RULES, "rule", "rules", create=Create, view=VIEW, policies=plain.ADMIN_ONLY))
    rule = asked(cloud.post(f"{V1}/rules", as_="admin", json={"rule": {"name": "a"}}), 201)["rule"]
    assert cloud.get(f"{V1}/rules").status_code == 403 == cloud.get(f"{V1}/rules/{rule['id']}").status_code
    assert asked(cloud.get(f"{V1}/rules", as_="admin"))["rules"] == [rule]


@pytest.mark.parametrize(
    ("footer", "following"),
    [
        (plain.LINKS_OF_MANY, lambda body: body["boxes_links"][0]["href"] if "boxes_links" in body else None),
        (plain.NEXT, lambda body: body.get("next")),
        (plain.LINKS, lambda body: body["links"].get("next")),
    ],
)
def test_links_to_the_next_page(serve: Callable[..., Cloud], footer: plain.Footer, following: Any) -> None:
    cloud = serve(plain.routes(BOXES, "box", "boxes", create=Create, view=VIEW, footer=footer))
    for name in "abc":
        asked(cloud.post(f"{V1}/boxes", json={"box": {"name": name}}), 201)
    first = asked(cloud.get(f"{V1}/boxes?limit=2"))
    rest = asked(cloud.get(local(following(first))))
    assert [[box["name"] for box in page["boxes"]] for page in (first, rest)] == [["a", "b"], ["c"]]
    assert following(rest) is None
    if footer is plain.LINKS:
        assert local(first["links"]["self"]) == f"{V1}/boxes?limit=2"


def test_pages_by_offset_with_their_total(serve: Callable[..., Cloud]) -> None:
    footer = plain.NEXT | plain.TOTAL
    cloud = serve(plain.routes(BOXES, "box", "boxes", create=Create, view=VIEW, footer=footer, query=Offsets))
    for name in "abc":
        asked(cloud.post(f"{V1}/boxes", json={"box": {"name": name}}), 201)
    asked(cloud.post(f"{V1}/boxes", as_="other", json={"box": {"name": "theirs"}}), 201)
    first = asked(cloud.get(f"{V1}/boxes"))
    assert first["total"] == 3 and "offset=2" in first["next"]
    rest = asked(cloud.get(local(first["next"])))
    assert [box["name"] for box in rest["boxes"]] == ["c"] and rest["total"] == 3 and "next" not in rest
    assert cloud.get(f"{V1}/boxes?offset=-1").status_code == 400


def nested(policies: plain.Policies = MEMBERS) -> tuple[routes.Routes, ...]:
    quota = Quota("plays", "piece", 2, PIECES.count)
    return (
        plain.routes(BOXES, "box", "boxes", create=Create, view=VIEW),
        plain.routes(
            PIECES, "piece", "pieces", create=Create, update=Update, view=VIEW, parent=IN_BOX, quota=quota,
            path="/boxes/{box_id}/pieces", footer=plain.TOTAL, errors=(409,), policies=policies,
        ),
    )  # fmt: skip


def test_a_nested_life(serve: Callable[..., Cloud]) -> None:
    cloud = serve(*nested())
    one, two = (asked(cloud.post(f"{V1}/boxes", json={"box": {"name": n}}), 201)["box"]["id"] for n in "ab")
    piece = asked(cloud.post(f"{V1}/boxes/{one}/pieces", json={"piece": {"name": "p"}}), 201)["piece"]
    assert piece["href"].endswith(f"{V1}/boxes/{one}/pieces/{piece['id']}")
    inside = f"{V1}/boxes/{one}/pieces/{piece['id']}"
    assert asked(cloud.get(inside))["piece"] == piece
    assert asked(cloud.get(f"{V1}/boxes/{one}/pieces")) == {"pieces": [piece], "total": 1}
    assert asked(cloud.get(f"{V1}/boxes/{two}/pieces")) == {"pieces": [], "total": 0}
    assert cloud.get(f"{V1}/boxes/{two}/pieces?marker={piece['id']}").status_code == 400
    elsewhere = f"{V1}/boxes/{two}/pieces/{piece['id']}"
    for call, more in ((cloud.get, {}), (cloud.delete, {}), (cloud.put, {"json": {"piece": {}}})):
        assert call(elsewhere, **more).status_code == 404
    assert asked(cloud.put(inside, json={"piece": {"name": "q"}}))["piece"]["name"] == "q"
    assert cloud.delete(inside).status_code == 204 and cloud.get(inside).status_code == 404


def test_the_parent_says_who_may(serve: Callable[..., Cloud]) -> None:
    cloud = serve(*nested())
    box = asked(cloud.post(f"{V1}/boxes", json={"box": {"name": "a"}}), 201)["box"]["id"]
    pieces = f"{V1}/boxes/{box}/pieces"
    piece = asked(cloud.post(pieces, as_="admin", json={"piece": {"name": "p"}}), 201)["piece"]["id"]
    calls: tuple[tuple[Any, str, dict[str, Any]], ...] = (
        (cloud.get, pieces, {}), (cloud.get, f"{pieces}/{piece}", {}), (cloud.delete, f"{pieces}/{piece}", {}),
        (cloud.put, f"{pieces}/{piece}", {"json": {"piece": {}}}), (cloud.post, pieces, {"json": {"piece": {"name": "x"}}}),
    )  # fmt: skip
    for call, path, more in calls:
        answer = call(path, as_="other", **more)
        assert answer.status_code == 404 and box in answer.text
    assert cloud.post(f"{V1}/boxes/nowhere/pieces", json={"piece": {"name": "x"}}).status_code == 404


def test_a_nested_quota_is_the_parents_projects(serve: Callable[..., Cloud]) -> None:
    cloud = serve(*nested())
    box = asked(cloud.post(f"{V1}/boxes", json={"box": {"name": "a"}}), 201)["box"]["id"]
    pieces = f"{V1}/boxes/{box}/pieces"
    for name in "pq":
        asked(cloud.post(pieces, json={"piece": {"name": name}}), 201)
    assert cloud.post(pieces, as_="system", json={"piece": {"name": "r"}}).status_code == 403


def test_the_parent_has_a_say_in_what_lies_in_it(serve: Callable[..., Cloud]) -> None:
    cloud = serve(*nested())
    box = asked(cloud.post(f"{V1}/boxes", json={"box": {"name": "a"}}), 201)["box"]["id"]
    asked(cloud.post(f"{V1}/boxes/{box}/pieces", json={"piece": {"name": "p"}}), 201)
    assert cloud.database.read(lambda tx: tx.scalar(sa.select(pieces.c.note))) == "in a"
    refused = cloud.post(f"{V1}/boxes/{box}/pieces", json={"piece": {"name": "a"}})
    assert refused.status_code == 409 and "name of the box" in refused.text


def test_who_only_sees_the_parent_changes_nothing_in_it(serve: Callable[..., Cloud]) -> None:
    anybody = policy.reader()
    cloud = serve(*nested(plain.Policies(create=anybody, update=anybody, delete=anybody)))
    box = asked(cloud.post(f"{V1}/boxes", json={"box": {"name": "a"}}), 201)["box"]["id"]
    pieces = f"{V1}/boxes/{box}/pieces"
    piece = asked(cloud.post(pieces, json={"piece": {"name": "p"}}), 201)["piece"]["id"]
    calls: tuple[tuple[Any, str, dict[str, Any]], ...] = (
        (cloud.post, pieces, {"json": {"piece": {"name": "x"}}}), (cloud.delete, f"{pieces}/{piece}", {}),
        (cloud.put, f"{pieces}/{piece}", {"json": {"piece": {}}}),
    )  # fmt: skip
    for call, path, more in calls:
        assert call(path, as_="system-reader", **more).status_code == 403
    assert asked(cloud.get(pieces, as_="system-reader"))["total"] == 1


def test_columns_that_are_prepared_before_the_transaction(serve: Callable[..., Cloud]) -> None:
    def prepare(request: Any, asked: Create) -> Mapping[str, Any]:
        with pytest.raises(RuntimeError):
            request.tx  # noqa: B018
        return {"name": f"sealed {asked.name}"}

    cloud = serve(plain.routes(BOXES, "box", "boxes", create=Create, view=VIEW, prepare=prepare))
    box = asked(cloud.post(f"{V1}/boxes", json={"box": {"name": "a"}}), 201)["box"]
    assert box["name"] == "sealed a"
