"""Services, endpoints and regions, and the resulting catalogue."""

from typing import Any

import pytest

from kumoi.kernel.routes import declared
from tests.services.identity.cloud import V3, IdentityCloud


def test_every_declared_service_is_in_it(cloud: IdentityCloud, admin: str) -> None:
    services = cloud.get(f"{V3}/services", as_=admin).json["services"]
    types = {service["type"] for service in services}
    expected = {kind for service in declared.values() for kind in (service.catalog_type, *service.catalog_also)}
    assert types == expected and "identity" in types
    names = {service["type"]: service["name"] for service in services}
    assert (names["volumev3"], names["block-storage"], names["compute"]) == ("cinderv3", "cinder", "nova")
    endpoints = cloud.get(f"{V3}/endpoints", as_=admin).json["endpoints"]
    assert len(endpoints) == 3 * len(types)
    dashboard = next(service["id"] for service in services if service["type"] == "dashboard")
    urls = {endpoint["url"] for endpoint in endpoints if endpoint["service_id"] == dashboard}
    assert urls == {"http://falconframework.org/"}
    assert all(endpoint["url"].startswith("http://falconframework.org/") for endpoint in endpoints)


def test_a_service_of_ones_own(cloud: IdentityCloud, admin: str) -> None:
    service = cloud.made("services", admin, type="weather", name="cloudy", description="d")
    url = "https://weather.example/v1/%(project_id)s"
    made = cloud.made("endpoints", admin, service_id=service["id"], interface="public", url=url, region="elsewhere")
    assert made["region_id"] == made["region"] == "elsewhere" and made["url"] == url
    demo = cloud.named("projects", "demo", admin)

    def seen(token: str) -> Any:
        catalog = cloud.get(f"{V3}/auth/catalog", as_=token).json["catalog"]
        return [endpoint["url"] for entry in catalog if entry["type"] == "weather" for endpoint in entry["endpoints"]]

    member = cloud.log_in("demo")
    assert seen(member) == [f"https://weather.example/v1/{demo}"]
    assert cloud.check(member).json["token"]["catalog"]
    assert seen(cloud.log_in("admin", {"system": {"all": True}})) == []
    path = f"{V3}/endpoints/{made['id']}"
    assert cloud.patch(path, as_=admin, json={"endpoint": {"enabled": False}}).json["endpoint"]["enabled"] is False
    assert seen(member) == [] and "weather" not in str(cloud.check(member).json)
    found = cloud.get(f"{V3}/endpoints", as_=admin, params={"service_id": service["id"], "interface": "public"})
    assert [endpoint["id"] for endpoint in found.json["endpoints"]] == [made["id"]]
    assert cloud.get(f"{V3}/services?type=weather", as_=admin).json["services"][0]["id"] == service["id"]
    assert cloud.delete(f"{V3}/regions/elsewhere", as_=admin).status_code == 409
    assert cloud.delete(f"{V3}/services/{service['id']}", as_=admin).status_code == 204
    assert cloud.get(path, as_=admin).status_code == 404
    assert cloud.delete(f"{V3}/regions/elsewhere", as_=admin).status_code == 204


def test_regions(cloud: IdentityCloud, admin: str, member: str) -> None:
    assert cloud.made("regions", admin, id="south", description="d")["parent_region_id"] is None
    assert cloud.post(f"{V3}/regions", as_=admin, json={"region": {"id": "south"}}).status_code == 409
    named = cloud.put(f"{V3}/regions/west", as_=admin, json={"region": {"parent_region_id": "south"}})
    assert named.status_code == 201 and named.json["region"]["id"] == "west"
    assert len(cloud.made("regions", admin, description="nameless")["id"]) == 32
    below = cloud.get(f"{V3}/regions?parent_region_id=south", as_=member).json["regions"]
    assert [region["id"] for region in below] == ["west"]
    circle = {"region": {"parent_region_id": "west"}}
    assert cloud.patch(f"{V3}/regions/south", as_=admin, json=circle).status_code == 400
    assert cloud.delete(f"{V3}/regions/south", as_=admin).status_code == 409
    assert cloud.post(f"{V3}/regions", as_=member, json={"region": {}}).status_code == 403


@pytest.mark.parametrize(
    "values, field",
    [
        ({"service_id": "nothing"}, "service_id"),
        ({"interface": "secret"}, "interface"),
        ({"url": ""}, "url"),
        ({"url": "http://x/%(nonsense)s"}, "nonsense"),
        ({"region_id": "nowhere"}, "region_id"),
    ],
)
def test_bad_endpoints(cloud: IdentityCloud, admin: str, values: dict[str, Any], field: str) -> None:
    service = cloud.made("services", admin, type="weather")
    good = {"service_id": service["id"], "interface": "public", "url": "http://x"}
    refused = cloud.post(f"{V3}/endpoints", as_=admin, json={"endpoint": {**good, **values}})
    assert refused.status_code == 400 and field in refused.json["error"]["message"]


def test_who_may(cloud: IdentityCloud, member: str) -> None:
    assert cloud.get(f"{V3}/services", as_=member).status_code == 403
    assert cloud.get(f"{V3}/endpoints", as_=member).status_code == 403
    assert cloud.get(f"{V3}/regions", as_=member).status_code == 200
    assert cloud.post(f"{V3}/services", as_=member, json={"service": {"type": "x"}}).status_code == 403
