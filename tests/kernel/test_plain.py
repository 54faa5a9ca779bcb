"""Plain resources: the kernel's five routes, on a toy service."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from kumoi.kernel import plain, routes
from kumoi.kernel import rows as plain_rows
from kumoi.kernel.database import Instant, Table, Transaction, metadata
from kumoi.kernel.errors import Conflict, NotFound
from kumoi.kernel.quotas import Quota, registry
from kumoi.kernel.routes import Service
from kumoi.kernel.who import Who
from tests.cloud import Cloud

TOYS = "/toys/v1/toys"
toys: Table[Any] = Table(
    "toy_plain",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("colour", sa.String(16)),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)


class ToyNotFound(NotFound):
    def __init__(self, toy_id: str) -> None:
        super().__init__(f"Toy {toy_id} is not there.")


rows: plain_rows.ProjectRows[Any] = plain_rows.ProjectRows(table=toys, absent=ToyNotFound)


class Create(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    colour: str | None = None


class Update(msgspec.Struct, forbid_unknown_fields=True):
    name: str | msgspec.UnsetType = msgspec.UNSET
    colour: str | msgspec.UnsetType | None = msgspec.UNSET


class Toy(msgspec.Struct):
    id: str
    name: str
    colour: str | None


VIEW: plain.View[Any] = plain.View(Toy, lambda row, _url: Toy(row["id"], row["name"], row["colour"]))


class ListQuery(plain_rows.ListQuery, kw_only=True):
    colour: str | None = None


def values(tx: Transaction, who: Who, asked: Any) -> Mapping[str, Any]:
    if asked.colour == "grey":
        raise Conflict("colour: no toy is grey.")
    return plain_rows.set_fields(asked)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    quota = Quota("toys", "toy", 3, rows.count)
    made = plain.routes(
        rows, "toy", "toys", create=Create, update=Update, view=VIEW, query=ListQuery, values=values, quota=quota,
        errors=(409,),
    )  # fmt: skip
    service = Service(
        type="toys", name="toys", prefix="/toys/v1", root="/toys", catalog_type="toys", catalog_path="/toys",
        routes=(made,), render_error=lambda error: {"error": error.message}, discovery=lambda _s, _u: {"versions": []},
    )  # fmt: skip
    cloud = Cloud(tmp_path, f"sqlite:///{tmp_path / 'kumoi.db'}", services=[service])
    yield cloud
    cloud.close()
    del registry["toys", "toy"], routes.declared["toys"]
    rows.removal.__init__()  # type: ignore[misc]


def make(cloud: Cloud, name: str, as_: str = "member", **more: Any) -> str:
    made = cloud.post(TOYS, as_=as_, json={"toy": {"name": name, **more}})
    assert made.status_code == 201, made.text
    return str(made.json["toy"]["id"])


def names(cloud: Cloud, as_: str = "member", **params: Any) -> list[str]:
    listed = cloud.get(TOYS, as_=as_, params=params)
    assert listed.status_code == 200, listed.text
    return [toy["name"] for toy in listed.json["toys"]]


def test_a_life(cloud: Cloud) -> None:
    toy = make(cloud, "ball", colour="red")
    assert cloud.get(f"{TOYS}/{toy}").json == {"toy": {"id": toy, "name": "ball", "colour": "red"}}
    changed = cloud.put(f"{TOYS}/{toy}", json={"toy": {"colour": None}})
    assert changed.status_code == 200 and changed.json["toy"] == {"id": toy, "name": "ball", "colour": None}
    assert cloud.delete(f"{TOYS}/{toy}").status_code == 204
    gone = cloud.get(f"{TOYS}/{toy}")
    assert gone.status_code == 404 and gone.json == {"error": f"Toy {toy} is not there."}
    assert cloud.put(f"{TOYS}/{toy}", json={"toy": {}}).status_code == 404
    assert cloud.delete(f"{TOYS}/{toy}").status_code == 404


def test_pages_in_order(cloud: Cloud) -> None:
    for name in ("b", "a", "c"):
        make(cloud, name, colour="red" if name != "c" else "blue")
    assert names(cloud, sort_key="name", sort_dir="asc") == ["a", "b", "c"]
    assert names(cloud, sort_key="name", sort_dir="desc", colour="red") == ["b", "a"]
    page = cloud.get(TOYS, params={"sort_key": "name", "sort_dir": "asc", "limit": "2"}).json
    assert [toy["name"] for toy in page["toys"]] == ["a", "b"]
    (link,) = page["toys_links"]
    assert link["rel"] == "next" and f"marker={page['toys'][-1]['id']}" in link["href"]
    rest = cloud.get(link["href"].split("localhost")[-1].split("falconframework.org")[-1]).json
    assert [toy["name"] for toy in rest["toys"]] == ["c"] and "toys_links" not in rest
    for bad in ({"marker": "nobody"}, {"sort_key": "colour"}, {"sort_key": "name", "sort_dir": "up"}, {"limit": "-1"}):
        refused = cloud.get(TOYS, params=bad)
        assert refused.status_code == 400, refused.text


def test_a_project_sees_its_own(cloud: Cloud) -> None:
    toy = make(cloud, "theirs", as_="other")
    assert names(cloud) == [] and names(cloud, as_="other") == ["theirs"] and names(cloud, as_="admin") == ["theirs"]
    for call, more in ((cloud.get, {}), (cloud.delete, {}), (cloud.put, {"json": {"toy": {}}})):
        assert call(f"{TOYS}/{toy}", **more).status_code == 404
    assert cloud.put(f"{TOYS}/{toy}", as_="admin", json={"toy": {"name": "x"}}).status_code == 200
    assert cloud.get(TOYS, params={"marker": toy}).status_code == 400
    assert cloud.post(TOYS, as_="system", json={"toy": {"name": "x"}}).status_code == 400


def test_refusals(cloud: Cloud) -> None:
    assert cloud.post(TOYS, json={"toy": {"name": "x", "colour": "grey"}}).status_code == 409
    refused = cloud.post(TOYS, json={"toy": {"name": "x", "size": 1}})
    assert refused.status_code == 400 and "size" in refused.text
    assert cloud.put(f"{TOYS}/{make(cloud, 'x')}", json={"toy": {"name": None}}).status_code == 400
    assert cloud.post(TOYS, as_="reader", json={"toy": {"name": "x"}}).status_code == 403


def test_the_quota_is_taken(cloud: Cloud) -> None:
    for name in "abc":
        make(cloud, name)
    assert cloud.post(TOYS, json={"toy": {"name": "d"}}).status_code == 403
    make(cloud, "d", as_="other")


def test_what_stands_on_it_may_keep_it(cloud: Cloud) -> None:
    toy = make(cloud, "ball")

    @rows.removal.guard
    def in_use(_tx: Any, _ids: Any) -> None:
        raise Conflict("It is in use.")

    assert cloud.delete(f"{TOYS}/{toy}").status_code == 409
    assert names(cloud) == ["ball"]
