"""Metadata definitions: namespaces and what stands in them, by persons who may and may not see and change them."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kumoi.kernel.errors import BadRequest
from kumoi.services.image import bootstrap
from tests.cloud import CALLERS

PATH = "/image/v2/metadefs/namespaces"
SIZE = {"title": "Size", "type": "integer", "minimum": 1, "default": 2}
BUS = {"title": "Bus", "type": "string", "enum": ["ide", "scsi"], "description": "of disks"}
WHOLE: dict[str, Any] = {
    "namespace": "OS::Whole",
    "display_name": "Whole",
    "description": "Everything",
    "visibility": "public",
    "resource_type_associations": [{"name": "OS::Glance::Image", "prefix": "hw_"}, {"name": "OS::New::Type"}],
    "properties": {"bus": BUS},
    "objects": [{"name": "disk", "description": "One", "required": ["size"], "properties": {"size": SIZE}}],
    "tags": [{"name": "fast"}, {"name": "slow"}],
}


def made(cloud: Any, name: str = "OS::One", **more: Any) -> str:
    answered = cloud.post(PATH, as_="admin", json={"namespace": name, **more})
    assert answered.status_code == 201, answered.text
    return f"{PATH}/{name}"


def names(cloud: Any, as_: str = "member", query: str = "") -> list[str]:
    return [each["namespace"] for each in cloud.get(f"{PATH}{query}", as_=as_).json["namespaces"]]


def test_a_namespace_with_everything_in_it(cloud: Any) -> None:
    answered = cloud.post(PATH, as_="admin", json=WHOLE)
    assert answered.status_code == 201 and answered.headers["location"].endswith("/v2/metadefs/namespaces/OS::Whole")
    for shown in (answered.json, cloud.get(f"{PATH}/OS::Whole").json):
        assert shown["properties"] == {"bus": BUS}
        assert [each["name"] for each in shown["tags"]] == ["fast", "slow"]
        (disk,) = shown["objects"]
        assert (disk["required"], disk["properties"]) == (["size"], {"size": SIZE})
        assert disk["self"] == "/v2/metadefs/namespaces/OS::Whole/objects/disk"
        assert [each["name"] for each in shown["resource_type_associations"]] == ["OS::Glance::Image", "OS::New::Type"]
        assert (shown["owner"], shown["protected"]) == (CALLERS["admin"].project_id, False)
    (listed,) = cloud.get(PATH).json["namespaces"]
    assert "properties" not in listed and len(listed["resource_type_associations"]) == 2
    types = [each["name"] for each in cloud.get("/image/v2/metadefs/resource_types").json["resource_types"]]
    assert "OS::New::Type" in types
    assert cloud.post(PATH, as_="admin", json=WHOLE).status_code == 409
    assert cloud.delete(f"{PATH}/OS::Whole", as_="admin").status_code == 204
    assert cloud.get(f"{PATH}/OS::Whole").status_code == 404
    assert names(cloud) == []


def test_prefixes_of_a_resource_type(cloud: Any) -> None:
    cloud.post(PATH, as_="admin", json=WHOLE)
    shown = cloud.get(f"{PATH}/OS::Whole?resource_type=OS::Glance::Image").json
    assert list(shown["properties"]) == ["hw_bus"]
    assert shown["objects"][0]["required"] == ["hw_size"] and list(shown["objects"][0]["properties"]) == ["hw_size"]
    found = cloud.get(f"{PATH}/OS::Whole/properties/hw_bus?resource_type=OS::Glance::Image")
    assert found.json == {"name": "hw_bus", **BUS}
    for wrong in ("bus?resource_type=OS::Glance::Image", "hw_bus", "hw_bus?resource_type=OS::None"):
        assert cloud.get(f"{PATH}/OS::Whole/properties/{wrong}").status_code == 404


def test_who_sees_and_changes_what(cloud: Any) -> None:
    """Callers learn nothing of another project's private namespace, not even by a 403."""
    member, other = CALLERS["member"].project_id, CALLERS["other"].project_id
    public = made(cloud, "public", owner=other, visibility="public")
    mine, theirs = made(cloud, "mine", owner=member), made(cloud, "theirs", owner=other)
    assert sorted(names(cloud)) == ["mine", "public"] and len(names(cloud, "admin")) == 3
    body = {"namespace": "changed"}
    thing = {"name": "one", "title": "One", "type": "string"}
    for path, status in ((public, 403), (mine, 403), (theirs, 404)):
        assert cloud.get(path).status_code == (404 if status == 404 else 200)
        assert cloud.put(path, json=body).status_code == status
        for kind, sent in (
            ("properties", thing), ("objects", {"name": "one"}), ("tags", {"tags": []}), ("tags/one", {}),
            ("resource_types", {"name": "one"}),
        ):  # fmt: skip
            assert cloud.post(f"{path}/{kind}", json=sent).status_code == status, kind
            if "/" not in kind:
                assert cloud.get(f"{path}/{kind}").status_code == (404 if status == 404 else 200)
        for kind in ("", "/properties", "/objects", "/tags", "/properties/one", "/objects/one", "/tags/one",
                     "/resource_types/one"):  # fmt: skip
            assert cloud.delete(f"{path}{kind}").status_code == status, kind
    assert cloud.post(PATH, json=body).status_code == 403
    assert len(names(cloud, "admin")) == 3


def test_an_update_replaces_all_but_the_contents(cloud: Any) -> None:
    cloud.post(PATH, as_="admin", json={**WHOLE, "owner": "x"})
    made(cloud, "taken")
    changed = cloud.put(f"{PATH}/OS::Whole", as_="admin", json={"namespace": "OS::New", "owner": "y"})
    assert changed.status_code == 200, changed.text
    shown = cloud.get(f"{PATH}/OS::New", as_="admin").json
    assert (shown["visibility"], shown["owner"], "description" in shown) == ("private", "y", False)
    assert shown["properties"] == {"bus": BUS} and len(shown["tags"]) == 2
    assert cloud.put(f"{PATH}/OS::New", as_="admin", json={"namespace": "taken"}).status_code == 409
    assert cloud.get(f"{PATH}/OS::Whole", as_="admin").status_code == 404


def test_a_protected_namespace_stays(cloud: Any) -> None:
    path = made(cloud, protected=True, tags=[{"name": "one"}])
    for below in ("", "/tags", "/objects", "/properties"):
        assert cloud.delete(path + below, as_="admin").status_code == 403
    assert [each["name"] for each in cloud.get(f"{path}/tags", as_="admin").json["tags"]] == ["one"]
    assert cloud.put(path, as_="admin", json={"namespace": "OS::One"}).status_code == 200
    assert cloud.delete(path, as_="admin").status_code == 204


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("objects", {"name": "a", "properties": {"size": SIZE}}, {"name": "b", "required": ["x"]}),
        ("properties", {"name": "a", **SIZE}, {"name": "b", **BUS}),
        ("tags", {"name": "a"}, {"name": "b"}),
    ],
)
def test_an_entry_lives(cloud: Any, kind: str, first: dict[str, Any], second: dict[str, Any]) -> None:
    path = f"{made(cloud)}/{kind}"
    where, body = (f"{path}/a", {}) if kind == "tags" else (path, first)
    assert cloud.post(where, as_="admin", json=body).status_code == 201
    assert cloud.post(where, as_="admin", json=body).status_code == 409
    assert (
        cloud.post(f"{path}/c" if kind == "tags" else path, as_="admin", json={**first, "name": "c"}).status_code == 201
    )
    shown = cloud.get(f"{path}/a", as_="admin").json
    assert {name: shown[name] for name in first} == first
    assert cloud.put(f"{path}/a", as_="admin", json={**second, "name": "c"}).status_code == 409
    changed = cloud.put(f"{path}/a", as_="admin", json=second)
    assert changed.status_code == 200 and {name: changed.json[name] for name in second} == second
    listed = cloud.get(path, as_="admin").json[kind]
    assert sorted(listed if kind == "properties" else [each["name"] for each in listed]) == ["b", "c"]
    for gone in (f"{path}/a", f"{path}/nothing"):
        assert cloud.get(gone, as_="admin").status_code == 404
        assert cloud.put(gone, as_="admin", json=first).status_code == 404
        assert cloud.delete(gone, as_="admin").status_code == 404
    assert cloud.delete(f"{path}/b", as_="admin").status_code == 204
    assert cloud.delete(path, as_="admin").status_code == 204
    assert not cloud.get(path, as_="admin").json[kind]


def test_tags_are_replaced_or_appended(cloud: Any) -> None:
    path = f"{made(cloud)}/tags"

    def send(*names: str, append: str = "") -> Any:
        headers = {"X-Openstack-Append": append} if append else {}
        return cloud.post(path, as_="admin", json={"tags": [{"name": name} for name in names]}, headers=headers)

    def there(query: str = "") -> list[str]:
        return [each["name"] for each in cloud.get(f"{path}{query}", as_="admin").json["tags"]]

    assert send("a", "b").status_code == 201
    assert send("c", append="true").status_code == 201
    assert send("c", append="true").status_code == 409
    assert sorted(there()) == ["a", "b", "c"]
    assert there("?sort_key=name&sort_dir=asc&limit=2") == ["a", "b"]
    assert there("?sort_key=name&sort_dir=asc&limit=2&marker=b") == ["c"]
    assert send("d").status_code == 201 and there() == ["d"]
    assert cloud.get(f"{path}?marker=nothing", as_="admin").status_code == 400


def test_lists_have_pages_and_filters(cloud: Any) -> None:
    for number in range(5):
        types = [{"name": "OS::Nova::Flavor"}] if number % 2 else []
        made(cloud, f"n{number}", visibility="public" if number else "private", resource_type_associations=types)
    first = cloud.get(f"{PATH}?limit=2&sort_key=namespace&sort_dir=asc", as_="admin").json
    assert [each["namespace"] for each in first["namespaces"]] == ["n0", "n1"] and "marker=n1" in first["next"]
    rest = cloud.get("/image" + first["next"], as_="admin").json
    assert [each["namespace"] for each in rest["namespaces"]] == ["n2", "n3"]
    assert names(cloud, "admin", "?visibility=private") == ["n0"]
    assert names(cloud, query="?resource_types=OS::Nova::Flavor,OS::None") == ["n3", "n1"]
    for wrong in ("?limit=-1", "?limit=x", "?sort_dir=up", "?visibility=shared", "?marker=nothing"):
        assert cloud.get(f"{PATH}{wrong}").status_code == 400, wrong


@pytest.mark.parametrize(
    "body",
    [
        {}, {"namespace": ""}, {"namespace": "x" * 81}, {"namespace": "x", "visibility": "shared"},
        {"namespace": "x", "more": 1}, {"namespace": "x", "properties": {"a": {"type": "string"}}},
        {"namespace": "x", "properties": {"a": {"title": "A", "type": "text"}}},
        {"namespace": "x", "objects": [{}]}, {"namespace": "x", "tags": ["a"]}, {"namespace": "x", "protected": "no"},
    ],
)  # fmt: skip
def test_what_is_no_namespace_is_refused(cloud: Any, body: dict[str, Any]) -> None:
    assert cloud.post(PATH, as_="admin", json=body).status_code == 400
    assert names(cloud, "admin") == []


def test_what_clients_only_read(cloud: Any) -> None:
    for name in ("self", "schema", "created_at", "updated_at"):
        answered = cloud.post(PATH, as_="admin", json={"namespace": "x", name: "1"})
        assert answered.status_code == 403 and name in answered.text


def test_the_catalogue_of_a_folder(cloud: Any, tmp_path: Path) -> None:
    """As OpenStack ships it. What exists stays as it is."""
    (tmp_path / "whole.json").write_text(json.dumps({**WHOLE, "protected": True}))
    (tmp_path / "README").write_text("no JSON")
    settings = msgspec.structs.replace(cloud.settings, metadata_definitions=str(tmp_path))
    for _ in range(2):
        cloud.database.write(lambda tx: bootstrap.bootstrap(tx, settings, {}))
    assert names(cloud) == ["OS::Whole"] and cloud.get(f"{PATH}/OS::Whole").json["protected"]
    types = [each["name"] for each in cloud.get("/image/v2/metadefs/resource_types").json["resource_types"]]
    assert {"OS::Glance::Image", "OS::Nova::Flavor", "OS::New::Type"} <= set(types)
    (tmp_path / "broken.json").write_text("[]")
    with pytest.raises(BadRequest, match=r"broken\.json defines no namespace"):
        cloud.database.write(lambda tx: bootstrap.bootstrap(tx, settings, {}))


@pytest.mark.parametrize("name", ["namespace", "object", "property", "tag", "resource_type"])
def test_schemas_describe_the_replies(cloud: Any, name: str) -> None:
    cloud.post(PATH, as_="admin", json=WHOLE)
    schema = cloud.get(f"/image/v2/schemas/metadefs/{name}").json
    below = {"namespace": "", "object": "/objects/disk", "property": "/properties/bus", "tag": "/tags/fast"}
    if name == "resource_type":
        shown = cloud.get(f"{PATH}/OS::Whole/resource_types").json["resource_type_associations"][0]
        assert schema["name"] == "resource_type_association"
    else:
        shown = cloud.get(f"{PATH}/OS::Whole{below[name]}").json
        assert schema["name"] == name
    assert set(shown) <= set(schema["properties"]) and set(schema["required"]) <= set(shown)
