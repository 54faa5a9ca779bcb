"""Permissions are what the routes' policies say: nothing that is listed answers 403, and nothing else is allowed."""

from typing import Any

import pytest

from kumoi import app
from tests.cloud import CALLERS

PATH = "/kumoi/v1/permissions"
SERVICES = app.load_services()


def told(cloud: Any, as_: str, query: str = "") -> set[tuple[str, str, str, str | None]]:
    answer = cloud.get(f"{PATH}{query}", as_=as_)
    assert answer.status_code == 200, answer.text
    listed = answer.json["permissions"]
    found = {(one["service"], one["method"], one["path"], one.get("action")) for one in listed}
    assert len(found) == len(listed)
    return found


@pytest.mark.parametrize("caller", sorted(CALLERS))
def test_they_are_what_the_policies_say(cloud: Any, caller: str) -> None:
    expected = {
        (service.type, route.method, service.prefix + route.described_path, route.action)
        for service in SERVICES
        for route in service.each()
        if route.policy.offers(CALLERS[caller]) and route.status != 501
    }
    assert told(cloud, caller) == expected


def test_readers_change_nothing_and_members_administer_nothing(cloud: Any) -> None:
    reader, member, admin = (told(cloud, who) for who in ("reader", "member", "admin"))
    assert reader < member < admin
    server = ("compute", "POST", "/compute/v2.1/servers", None)
    flavor = ("compute", "POST", "/compute/v2.1/flavors", None)
    assert server in member - reader and flavor in admin - member
    assert ("compute", "GET", "/compute/v2.1/servers", None) in reader
    assert ("compute", "POST", "/compute/v2.1/servers/{server_id}/action", "reboot") in member - reader


def test_of_one_service(cloud: Any) -> None:
    network = told(cloud, "member", "?service=network")
    assert network == {one for one in told(cloud, "member") if one[0] == "network"}
    absent = cloud.get(f"{PATH}?service=nothing")
    assert absent.status_code == 404 and "nothing" in absent.json["error"]["message"]


def test_what_a_service_decides_itself_is_told_too(cloud: Any) -> None:
    reader, member, manager = (told(cloud, who) for who in ("reader", "member", "domain-manager"))
    users = ("identity", "GET", "/identity/v3/users", None)
    create = ("identity", "POST", "/identity/v3/users", None)
    assert create not in member and users not in member and {users, create} <= manager
    assert ("identity", "POST", "/identity/v3/roles", None) not in manager
    put = ("object_store", "PUT", "/object-store/v1/{account}/{container}", None)
    assert put in member - reader and put not in told(cloud, "system-reader")
    assert ("object_store", "GET", "/object-store/v1/{account}/{container}", None) in reader
