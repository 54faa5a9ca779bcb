"""Placement as its clients see it."""

from typing import Any

import pytest

PROVIDERS = "/placement/resource_providers"
A, B, C = (f"aaaaaaaa-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
GUEST, OTHER_GUEST = (f"cccccccc-0000-4000-8000-00000000000{n}" for n in (1, 2))
GROUP = "dddddddd-0000-4000-8000-000000000001"
OWNER = {"project_id": "11111111111111111111111111111111", "user_id": "u"}


class Client:
    def __init__(self, cloud: Any, version: str = "1.39", as_: str = "admin") -> None:
        self.cloud, self.version, self.as_ = cloud, version, as_

    def __getattr__(self, name: str) -> Any:
        def call(path: str, **more: Any) -> Any:
            return self.cloud.call(name.upper(), path, as_=self.as_, version=more.pop("version", self.version), **more)

        return call

    def provider(self, provider_id: str, parent: str | None = None, **inventories: int) -> None:
        body = {"name": f"p{provider_id[-1]}", "uuid": provider_id}
        if parent:
            body["parent_provider_uuid"] = parent
        assert self.post(PROVIDERS, json=body).status_code == 200
        if inventories:
            self.inventory(provider_id, **inventories)

    def generation(self, provider_id: str) -> int:
        return int(self.get(f"{PROVIDERS}/{provider_id}").json["generation"])

    def inventory(self, provider_id: str, **totals: int) -> Any:
        body = {
            "resource_provider_generation": self.generation(provider_id),
            "inventories": {name: {"total": total} for name, total in totals.items()},
        }
        return self.put(f"{PROVIDERS}/{provider_id}/inventories", json=body)

    def traits(self, provider_id: str, *names: str) -> Any:
        body = {"resource_provider_generation": self.generation(provider_id), "traits": list(names)}
        return self.put(f"{PROVIDERS}/{provider_id}/traits", json=body)

    def aggregates(self, provider_id: str, *ids: str) -> Any:
        body = {"resource_provider_generation": self.generation(provider_id), "aggregates": list(ids)}
        return self.put(f"{PROVIDERS}/{provider_id}/aggregates", json=body)

    def claim(self, consumer: str, amounts: dict[str, dict[str, int]], generation: int | None = None) -> Any:
        body = {
            "allocations": {p: {"resources": r} for p, r in amounts.items()}, **OWNER,
            "consumer_generation": generation, "consumer_type": "INSTANCE",
        }  # fmt: skip
        return self.put(f"/placement/allocations/{consumer}", json=body)

    def candidates(self, query: str, **more: Any) -> list[dict[str, Any]]:
        found = self.get(f"/placement/allocation_candidates?{query}", **more)
        assert found.status_code == 200, found.text
        return [
            {provider: each["resources"] for provider, each in request["allocations"].items()}
            for request in found.json["allocation_requests"]
        ]


@pytest.fixture
def client(cloud: Any) -> Client:
    return Client(cloud)


def code(response: Any) -> tuple[int, str]:
    return response.status_code, response.json["errors"][0]["code"]


def test_the_life_of_a_provider(client: Client) -> None:
    made = client.post(PROVIDERS, json={"name": "one", "uuid": A})
    assert made.status_code == 200 and made.json["generation"] == 0 and made.json["root_provider_uuid"] == A
    assert made.headers["cache-control"] == "no-cache" and made.headers["openstack-api-version"] == "placement 1.39"
    assert client.post(PROVIDERS, json={"name": "one"}).status_code == 409
    assert code(client.post(PROVIDERS, json={"name": "two", "uuid": A})) == (409, "placement.duplicate_name")
    assert client.put(f"{PROVIDERS}/{A}", json={"name": "uno"}).json["name"] == "uno"
    assert [p["name"] for p in client.get(f"{PROVIDERS}?name=uno").json["resource_providers"]] == ["uno"]
    assert client.get(f"{PROVIDERS}?uuid={B}").json == {"resource_providers": []}
    assert client.delete(f"{PROVIDERS}/{A}").status_code == 204
    gone = client.get(f"{PROVIDERS}/{A}")
    assert gone.status_code == 404
    (error,) = gone.json["errors"]
    assert error["title"] == "Not Found" and A in error["detail"] and error["request_id"].startswith("req-")


def test_the_edges_of_providers(client: Client) -> None:
    old = client.post(PROVIDERS, json={"name": "one", "uuid": A}, version="1.19")
    assert old.status_code == 201 and old.text == "" and old.headers["location"].endswith(f"{PROVIDERS}/{A}")
    path = f"{PROVIDERS}/{A}"

    def links(version: str) -> list[str]:
        return [link["rel"] for link in client.get(path, version=version).json["links"]]

    assert links("1.0") == ["self", "inventories", "usages"]
    assert links("1.11") == ["self", "inventories", "usages", "aggregates", "traits", "allocations"]
    assert "root_provider_uuid" not in client.get(path, version="1.13").json
    assert "cache-control" not in client.get(path, version="1.14").headers
    assert client.get(f"{path}/aggregates", version="1.0").status_code == 404
    assert client.get(f"{path}/traits", version="1.5").status_code == 404
    assert client.get("/placement/usages?project_id=x", version="1.8").status_code == 404
    assert client.get("/placement/allocation_candidates?resources=VCPU:1", version="1.9").status_code == 404
    assert client.get(f"{PROVIDERS}?in_tree={A}", version="1.13").status_code == 400
    parent = {"name": "x", "parent_provider_uuid": A}
    assert client.post(PROVIDERS, json=parent, version="1.13").status_code == 400
    assert client.get(path, version="1.40").status_code == 406


def test_generations_guard_inventories(client: Client) -> None:
    client.provider(A)
    path = f"{PROVIDERS}/{A}/inventories"
    body = {"resource_provider_generation": 0, "inventories": {"VCPU": {"total": 4, "allocation_ratio": 2.0}}}
    done = client.put(path, json=body)
    assert done.json["resource_provider_generation"] == 1 and done.json["inventories"]["VCPU"]["max_unit"] == 2**31 - 1
    assert code(client.put(path, json=body)) == (409, "placement.concurrent_update")
    change = {"resource_provider_generation": 1, "total": 8}
    assert client.put(f"{path}/VCPU", json=change).json["total"] == 8
    assert client.put(f"{path}/MEMORY_MB", json={**change, "resource_provider_generation": 2}).status_code == 400
    added = client.post(path, json={"resource_class": "MEMORY_MB", "total": 5, "resource_provider_generation": 2})
    assert added.status_code == 201 and added.headers["location"].endswith("/inventories/MEMORY_MB")
    assert client.post(path, json={"resource_class": "MEMORY_MB", "total": 5}).status_code == 409
    assert client.get(f"{path}/VCPU").json["total"] == 8 and client.get(f"{path}/VGPU").status_code == 404
    assert client.delete(f"{path}/VCPU").status_code == 204
    assert list(client.get(path).json["inventories"]) == ["MEMORY_MB"]
    assert client.delete(path).status_code == 204 and client.get(path).json["inventories"] == {}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("VCPU", {"total": 0}), ("VCPU", {"total": 2**31}), ("VCPU", {"total": "x"}), ("VCPU", {"total": 1, "min_unit": 0}),
        ("VCPU", {"total": 1, "allocation_ratio": 0}), ("VCPU", {"total": 1, "reserved": 2}), ("VCPU", {}),
        ("NONSENSE", {"total": 1}), ("CUSTOM_NONE", {"total": 1}), ("VCPU", {"total": 1, "colour": 1}),
    ],
)  # fmt: skip
def test_inventories_that_make_no_sense(client: Client, name: str, values: dict[str, Any]) -> None:
    client.provider(A)
    body = {"resource_provider_generation": 0, "inventories": {name: values}}
    assert client.put(f"{PROVIDERS}/{A}/inventories", json=body).status_code == 400
    assert client.generation(A) == 0


def test_everything_reserved_from_1_26_on(client: Client) -> None:
    client.provider(A)
    body = {"resource_provider_generation": 0, "inventories": {"VCPU": {"total": 1, "reserved": 1}}}
    assert client.put(f"{PROVIDERS}/{A}/inventories", json=body, version="1.25").status_code == 400
    assert client.put(f"{PROVIDERS}/{A}/inventories", json=body, version="1.26").status_code == 200


def test_allocations_and_what_they_hold(client: Client) -> None:
    client.provider(A, VCPU=4, MEMORY_MB=100)
    assert client.claim(GUEST, {A: {"VCPU": 3, "MEMORY_MB": 50}}).status_code == 204
    shown = client.get(f"/placement/allocations/{GUEST}").json
    assert shown["allocations"][A]["resources"] == {"VCPU": 3, "MEMORY_MB": 50}
    assert (shown["consumer_generation"], shown["consumer_type"], shown["user_id"]) == (1, "INSTANCE", "u")
    assert client.claim(OTHER_GUEST, {A: {"VCPU": 2}}).status_code == 409
    assert code(client.claim(GUEST, {A: {"VCPU": 1}})) == (409, "placement.concurrent_update")
    assert client.claim(GUEST, {A: {"VCPU": 4}}, 1).status_code == 204, "its own claim does not stand in its way"
    assert client.get(f"{PROVIDERS}/{A}/usages").json["usages"] == {"VCPU": 4, "MEMORY_MB": 0}
    of_provider = client.get(f"{PROVIDERS}/{A}/allocations").json["allocations"]
    assert of_provider == {GUEST: {"resources": {"VCPU": 4}, "consumer_generation": 2}}
    usages = client.get(f"/placement/usages?project_id={OWNER['project_id']}")
    assert usages.json == {"usages": {"INSTANCE": {"consumer_count": 1, "VCPU": 4}}}
    old = client.get(f"/placement/usages?project_id={OWNER['project_id']}", version="1.37")
    assert old.json == {"usages": {"VCPU": 4}}
    in_use = client.put(
        f"{PROVIDERS}/{A}/inventories",
        json={"resource_provider_generation": client.generation(A), "inventories": {"MEMORY_MB": {"total": 1}}},
    )
    assert code(in_use) == (409, "placement.inventory.inuse")
    assert code(client.delete(f"{PROVIDERS}/{A}")) == (409, "placement.resource_provider.inuse")
    assert client.claim(GUEST, {}, 2).status_code == 204, "an empty claim gives everything back"
    assert client.get(f"/placement/allocations/{GUEST}").json == {"allocations": {}}
    assert client.delete(f"/placement/allocations/{GUEST}").status_code == 404


def test_allocations_of_old_versions(client: Client) -> None:
    client.provider(A, VCPU=4)
    path = f"/placement/allocations/{GUEST}"
    body: dict[str, Any] = {"allocations": [{"resource_provider": {"uuid": A}, "resources": {"VCPU": 1}}]}
    assert client.put(path, json=body, version="1.7").status_code == 204
    assert client.put(path, json=body, version="1.8").status_code == 400
    assert client.put(path, json={**body, **OWNER}, version="1.8").status_code == 204
    assert "project_id" not in client.get(path, version="1.11").json
    new = {"allocations": {A: {"resources": {"VCPU": 2}}}, **OWNER}
    assert client.put(path, json=new, version="1.11").status_code == 400
    assert client.put(path, json=new, version="1.12").status_code == 204
    assert client.put(path, json=new, version="1.28").status_code == 400
    many = {OTHER_GUEST: new, GUEST: {**new, "allocations": {}}}
    assert client.post("/placement/allocations", json=many, version="1.12").status_code == 404
    assert client.post("/placement/allocations", json=many, version="1.13").status_code == 204
    assert client.get(f"{PROVIDERS}/{A}/usages").json["usages"] == {"VCPU": 2}
    assert client.delete(f"/placement/allocations/{OTHER_GUEST}").status_code == 204


def test_several_consumers_or_none(client: Client) -> None:
    client.provider(A, VCPU=3)
    body = {
        consumer: {
            "allocations": {A: {"resources": {"VCPU": 2}}}, **OWNER, "consumer_generation": None,
            "consumer_type": "INSTANCE",
        }
        for consumer in (GUEST, OTHER_GUEST)
    }  # fmt: skip
    assert client.post("/placement/allocations", json=body).status_code == 409
    assert client.get(f"{PROVIDERS}/{A}/usages").json["usages"] == {"VCPU": 0}
    assert client.get(f"/placement/allocations/{GUEST}").json == {"allocations": {}}


def test_claims_that_make_no_sense(client: Client) -> None:
    client.provider(A, VCPU=3)
    for amounts in ({B: {"VCPU": 1}}, {A: {"NONSENSE": 1}}, {A: {"VCPU": 0}}, {A: {}}, {"x": {"VCPU": 1}}):
        assert client.claim(GUEST, amounts).status_code == 400, amounts
    assert client.claim(GUEST, {A: {"VGPU": 1}}).status_code == 409
    assert client.claim("nonsense", {A: {"VCPU": 1}}).status_code == 400


@pytest.mark.parametrize(
    "trait", ["HW_CPU_X86_AVX512VNNI", "COMPUTE_NET_VIF_MODEL_VIRTIO", "COMPUTE_VIOMMU_MODEL_INTEL", "HW_CPU_X86_AVX"]
)
def test_every_standard_trait_is_there(client: Client, trait: str) -> None:
    client.provider(A)
    assert client.get(f"/placement/traits/{trait}").status_code == 204
    assert client.traits(A, trait).status_code == 200
    asked = {"resources": "VCPU:1", "required": trait}
    assert client.get("/placement/allocation_candidates", params=asked).status_code == 200
    assert client.get(f"/placement/traits?name=startswith:{trait}").json["traits"][0] == trait
    assert client.delete(f"/placement/traits/{trait}").status_code == 400


def test_traits_and_classes_of_ones_own(client: Client) -> None:
    client.provider(A, VCPU=1)
    assert client.put("/placement/traits/CUSTOM_GOLD").status_code == 201
    assert client.put("/placement/traits/CUSTOM_GOLD").status_code == 204
    assert client.put("/placement/traits/GOLD").status_code == 400
    assert client.get("/placement/traits?name=startswith:CUSTOM").json == {"traits": ["CUSTOM_GOLD"]}
    assert client.traits(A, "CUSTOM_GOLD", "HW_CPU_X86_AVX").status_code == 200
    assert client.traits(A, "CUSTOM_NONE").status_code == 400
    assert client.get("/placement/traits?associated=true").json["traits"] == ["CUSTOM_GOLD", "HW_CPU_X86_AVX"]
    assert client.delete("/placement/traits/CUSTOM_GOLD").status_code == 409
    assert client.delete("/placement/traits/HW_CPU_X86_AVX").status_code == 400
    assert client.delete(f"{PROVIDERS}/{A}/traits").status_code == 204
    assert client.delete("/placement/traits/CUSTOM_GOLD").status_code == 204
    assert client.get("/placement/traits/CUSTOM_GOLD").status_code == 404

    classes = "/placement/resource_classes"
    assert (
        client.put(f"{classes}/CUSTOM_BEE").status_code == 201
        and client.put(f"{classes}/CUSTOM_BEE").status_code == 204
    )
    assert client.put(f"{classes}/BEE").status_code == 400
    assert client.inventory(A, CUSTOM_BEE=3).status_code == 200
    assert client.delete(f"{classes}/CUSTOM_BEE").status_code == 409
    assert client.inventory(A).status_code == 200
    renamed = client.put(f"{classes}/CUSTOM_BEE", json={"name": "CUSTOM_WASP"}, version="1.6")
    assert renamed.json["name"] == "CUSTOM_WASP"
    assert client.delete(f"{classes}/CUSTOM_WASP").status_code == 204
    assert client.delete(f"{classes}/VCPU").status_code == 400
    assert client.post(classes, json={"name": "CUSTOM_ANT"}).status_code == 201
    assert client.post(classes, json={"name": "CUSTOM_ANT"}).status_code == 409
    assert client.get(f"{classes}/CUSTOM_ANT").json["links"][0]["href"] == "/placement/resource_classes/CUSTOM_ANT"


def test_providers_by_what_they_are(client: Client) -> None:
    client.provider(A, VCPU=4)
    client.provider(B, VCPU=2)
    client.provider(C, parent=A)
    client.traits(A, "HW_CPU_X86_AVX")
    client.aggregates(B, GROUP)

    def named(query: str) -> list[str]:
        found = client.get(f"{PROVIDERS}?{query}")
        assert found.status_code == 200, found.text
        return [p["name"] for p in found.json["resource_providers"]]

    assert named("resources=VCPU:3") == ["p1"]
    assert named("required=HW_CPU_X86_AVX") == ["p1"] and named("required=!HW_CPU_X86_AVX") == ["p2", "p3"]
    assert named("required=in:HW_CPU_X86_AVX,HW_CPU_X86_AVX2") == ["p1"]
    assert named(f"member_of={GROUP}") == ["p2"] and named(f"member_of=!in:{GROUP}") == ["p1", "p3"]
    assert named(f"in_tree={C}") == ["p1", "p3"]
    for wrong in ("required=NONE", "resources=VCPU", "resources=NONE:1", "member_of=x", "colour=red", "in_tree=x"):
        assert client.get(f"{PROVIDERS}?{wrong}").status_code == 400, wrong


def test_trees(client: Client) -> None:
    client.provider(A)
    client.provider(B, parent=A)
    client.provider(C, parent=B)
    assert client.get(f"{PROVIDERS}/{C}").json["root_provider_uuid"] == A
    assert code(client.delete(f"{PROVIDERS}/{A}")) == (409, "placement.resource_provider.cannot_delete_parent")
    orphan = {"name": "p2", "parent_provider_uuid": None}
    assert client.put(f"{PROVIDERS}/{B}", json=orphan, version="1.36").status_code == 400
    loop = {"name": "p1", "parent_provider_uuid": C}
    assert client.put(f"{PROVIDERS}/{A}", json=loop).status_code == 400
    assert client.put(f"{PROVIDERS}/{B}", json=orphan).json["parent_provider_uuid"] is None
    assert client.get(f"{PROVIDERS}/{C}").json["root_provider_uuid"] == B


def test_candidates(client: Client) -> None:
    client.provider(A, VCPU=4, MEMORY_MB=100)
    client.provider(B, VCPU=8, MEMORY_MB=50)
    wanted = {"VCPU": 2, "MEMORY_MB": 50}
    query = "resources=VCPU:2,MEMORY_MB:50"
    assert client.candidates(query) == [{A: wanted}, {B: wanted}]
    assert client.candidates(f"{query}&limit=1") == [{A: wanted}]
    client.claim(GUEST, {B: {"MEMORY_MB": 1}})
    assert client.candidates(query) == [{A: wanted}]
    client.traits(A, "COMPUTE_STATUS_DISABLED")
    assert client.candidates(f"{query}&required=!COMPUTE_STATUS_DISABLED") == []
    assert client.candidates(f"{query}&required=COMPUTE_STATUS_DISABLED") == [{A: wanted}]
    body = client.get(f"/placement/allocation_candidates?{query}").json
    assert body["allocation_requests"][0]["mappings"] == {"": [A]}
    assert body["provider_summaries"][A]["resources"]["VCPU"] == {"capacity": 4, "used": 0}
    old = client.get(f"/placement/allocation_candidates?{query}", version="1.11").json
    assert old["allocation_requests"][0]["allocations"][0]["resource_provider"] == {"uuid": A}
    for wrong in ("limit=1", "resources=NONE:1", "resources=VCPU:0", "resources=VCPU:1&required=NONE",
                  "resources=VCPU:1&limit=0", "resources=VCPU:1&resources=VGPU:1", "resources=VCPU:1&in_tree=x",
                  "resources1=VCPU:1&resources2=VCPU:1", "resources=VCPU:1&required2=HW_CPU_X86_AVX",
                  "resources=VCPU:1&required=HW_CPU_X86_AVX,!HW_CPU_X86_AVX"):  # fmt: skip
        assert client.get(f"/placement/allocation_candidates?{wrong}").status_code == 400, wrong
    for version, parameter in (("1.15", "limit=1"), ("1.16", "required=HW_CPU_X86_AVX"), ("1.20", f"member_of={GROUP}"),
                               ("1.24", "resources1=VCPU:1"), ("1.30", f"in_tree={A}"), ("1.32", "resources_a=VCPU:1"),
                               ("1.34", "root_required=HW_CPU_X86_AVX")):  # fmt: skip
        early = client.get(f"/placement/allocation_candidates?resources=VCPU:1&{parameter}", version=version)
        assert early.status_code == 400, parameter


def test_candidates_in_trees(client: Client) -> None:
    client.provider(A, MEMORY_MB=100)
    client.provider(B, parent=A, VCPU=4)
    client.provider(C, parent=A, VCPU=4)
    client.traits(C, "HW_CPU_X86_AVX")
    query = "resources=VCPU:1,MEMORY_MB:10"
    memory = {"MEMORY_MB": 10}
    assert client.candidates(query) == [{B: {"VCPU": 1}, A: memory}, {C: {"VCPU": 1}, A: memory}]
    assert client.candidates(query, version="1.28") == []
    assert client.candidates(f"{query}&required=HW_CPU_X86_AVX") == [{C: {"VCPU": 1}, A: memory}]
    groups = "resources=MEMORY_MB:10&resources1=VCPU:1&resources2=VCPU:1&group_policy="
    assert len(client.candidates(groups + "none")) == 4
    apart = client.candidates(groups + "isolate")
    assert len(apart) == 2 and all(set(found) == {A, B, C} for found in apart)
    assert client.candidates("resources1=VCPU:3&resources2=VCPU:2&group_policy=none") != []
    assert client.candidates("resources1=VCPU:3&resources2=VCPU:3&resources3=VCPU:3&group_policy=none") == []
    assert client.candidates("resources_a=VCPU:1&required_a=HW_CPU_X86_AVX") == [{C: {"VCPU": 1}}]
    both = "resources_a=VCPU:1&resources_b=MEMORY_MB:1&group_policy=none&same_subtree=_a,_b"
    assert len(client.candidates(both)) == 2
    siblings = "resources_a=VCPU:4&resources_b=VCPU:4&group_policy=none"
    assert len(client.candidates(siblings)) == 2 and client.candidates(f"{siblings}&same_subtree=_a,_b") == []
    assert client.candidates(f"{query}&root_required=HW_CPU_X86_AVX") == []
    assert client.candidates(f"{query}&in_tree={C}") != []


def test_shared_disks(client: Client) -> None:
    client.provider(A, VCPU=4)
    client.provider(B, VCPU=4)
    client.provider(C, DISK_GB=100)
    client.traits(C, "MISC_SHARES_VIA_AGGREGATE")
    client.aggregates(A, GROUP)
    client.aggregates(C, GROUP)
    assert client.candidates("resources=VCPU:1,DISK_GB:10") == [{A: {"VCPU": 1}, C: {"DISK_GB": 10}}]


def test_the_reshaper_moves_all_or_nothing(client: Client) -> None:
    client.provider(A, VCPU=4, VGPU=2)
    client.provider(B, parent=A)
    client.claim(GUEST, {A: {"VCPU": 1, "VGPU": 1}})

    def body(taken: int) -> dict[str, Any]:
        return {
            "inventories": {
                A: {"resource_provider_generation": client.generation(A), "inventories": {"VCPU": {"total": 4}}},
                B: {"resource_provider_generation": client.generation(B), "inventories": {"VGPU": {"total": 2}}},
            },
            "allocations": {
                GUEST: {
                    "allocations": {A: {"resources": {"VCPU": 1}}, B: {"resources": {"VGPU": taken}}}, **OWNER,
                    "consumer_generation": 1, "consumer_type": "INSTANCE",
                }
            },
        }  # fmt: skip

    assert client.post("/placement/reshaper", json=body(3)).status_code == 409
    assert client.get(f"{PROVIDERS}/{B}/inventories").json["inventories"] == {}
    assert client.post("/placement/reshaper", json=body(1)).status_code == 204
    assert client.get(f"{PROVIDERS}/{A}/usages").json["usages"] == {"VCPU": 1}
    assert client.get(f"{PROVIDERS}/{B}/usages").json["usages"] == {"VGPU": 1}


def test_who_may(cloud: Any, client: Client) -> None:
    member = Client(cloud, as_="member")
    assert member.get(PROVIDERS).status_code == 403
    assert member.get(f"/placement/usages?project_id={OWNER['project_id']}").status_code == 200
    assert member.get("/placement/usages?project_id=other").status_code == 403
    assert cloud.get("/placement", as_=None).json["versions"][0]["max_version"] == "1.39"
    assert cloud.get(PROVIDERS, as_=None).status_code == 401
    assert client.get("/placement/nothing").status_code == 404
    assert client.post(PROVIDERS, body="{").status_code == 400


def test_ids_of_aggregates_come_back_as_sent_and_are_found_in_any_spelling(client: Client) -> None:
    bare = GROUP.replace("-", "").upper()
    client.provider(A)
    assert client.aggregates(A, bare).json["aggregates"] == [bare]
    assert client.get(f"{PROVIDERS}/{A}/aggregates").json["aggregates"] == [bare]
    for spelled in (bare, GROUP):
        found = client.get(PROVIDERS, params={"member_of": spelled}).json["resource_providers"]
        assert [one["uuid"] for one in found] == [A]
    assert client.aggregates(A, bare, GROUP).status_code == 400
    assert client.aggregates(A, f"urn:uuid:{GROUP}").status_code == 400
    client.aggregates(A, GROUP)
    assert client.get(f"{PROVIDERS}/{A}/aggregates").json["aggregates"] == [GROUP]


def test_ids_of_consumers_come_back_as_sent(client: Client) -> None:
    bare = GUEST.replace("-", "").upper()
    client.provider(A, VCPU=4)
    assert client.claim(bare, {A: {"VCPU": 1}}).status_code == 204
    assert list(client.get(f"{PROVIDERS}/{A}/allocations").json["allocations"]) == [bare]
