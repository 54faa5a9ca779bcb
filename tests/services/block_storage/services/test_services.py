"""Services: hosts taken out of use; and what each host has and can do."""

from typing import Any

from tests.services.block_storage.world import V3, make, messages, show, snap


def change(cloud: Any, action: str, **body: Any) -> Any:
    return cloud.put(f"{V3}/os-services/{action}", as_="admin", json=body)


def listed(cloud: Any, query: str = "") -> list[dict[str, Any]]:
    return list(cloud.get(f"{V3}/os-services{query}", as_="admin").json["services"])


def test_a_host_out_of_use_gets_no_new_volume(cloud: Any) -> None:
    assert [each["binary"] for each in listed(cloud)] == ["cinder-volume", "cinder-backup"]
    host = {"host": "host-1@files", "binary": "cinder-volume"}
    answer = change(cloud, "disable-log-reason", **host, disabled_reason="it is old")
    assert answer.json["status"] == "disabled" and answer.json["disabled_reason"] == "it is old"
    (service,) = listed(cloud, "?binary=cinder-volume")
    assert (service["status"], service["disabled_reason"]) == ("disabled", "it is old")
    volume_id = make(cloud)
    assert show(cloud, volume_id)["status"] == "error"
    assert messages(cloud, volume_id) == ["create volume: Every host is out of use."]
    assert change(cloud, "enable", **host).json["disabled"] is False
    assert show(cloud, make(cloud))["status"] == "available"
    assert change(cloud, "freeze", host="host-1@files").status_code == 200
    assert listed(cloud)[0]["frozen"] and show(cloud, make(cloud))["status"] == "error"
    assert change(cloud, "thaw", host="host-1").status_code == 200
    assert show(cloud, make(cloud))["status"] == "available"


def test_what_is_refused(cloud: Any) -> None:
    host = {"host": "host-1@files", "binary": "cinder-volume"}
    assert change(cloud, "disable-log-reason", **host, disabled_reason=None).status_code == 400
    assert change(cloud, "enable", host="nowhere", binary="cinder-volume").status_code == 404
    assert change(cloud, "disable", host="host-1", binary="nova-compute").status_code == 404
    assert change(cloud, "freeze", host="nowhere").status_code == 400
    assert change(cloud, "failover_host", host="host-1").status_code == 501
    assert cloud.put(f"{V3}/os-services/enable", json=host).status_code == 403


def test_hosts(cloud: Any) -> None:
    snap(cloud, make(cloud, size=2))
    hosts = cloud.get(f"{V3}/os-hosts", as_="admin").json["hosts"]
    assert [each["host_name"] for each in hosts] == ["host-1@files", "host-1"]
    (total, project) = cloud.get(f"{V3}/os-hosts/host-1@files", as_="admin").json["host"]
    assert total["resource"] == {**project["resource"], "project": "(total)"}
    counts = {"volume_count": "1", "total_volume_gb": "2", "snapshot_count": "1", "total_snapshot_gb": "2"}
    assert total["resource"].items() >= counts.items()
    assert cloud.get(f"{V3}/os-hosts/nowhere", as_="admin").status_code == 404
    assert cloud.get(f"{V3}/os-hosts").status_code == 403
    pool = cloud.get(f"{V3}/scheduler-stats/get_pools?detail=true", as_="admin").json["pools"][0]
    for name in ("host-1@files", pool["name"].replace("#", "%23")):
        can = cloud.get(f"{V3}/capabilities/{name}", as_="admin").json
        for key in ("vendor_name", "volume_backend_name", "storage_protocol"):
            assert can[key] == pool["capabilities"][key]
    assert cloud.get(f"{V3}/capabilities/nowhere", as_="admin").status_code == 404
