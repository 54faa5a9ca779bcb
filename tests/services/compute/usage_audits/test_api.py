"""Usage audits: no host runs one."""

from typing import Any

from kumoi.kernel.reconcile import View
from kumoi.services.compute.hosts.reconcilers import presence

AUDITS = "/compute/v2.1/os-instance_usage_audit_log"


def test_no_host_has_run_one(cloud: Any) -> None:
    presence.sweep(View(cloud.database, cloud.locate))
    found = cloud.get(f"{AUDITS}/2026-03-15 10:00:00.5", as_="admin").json["instance_usage_audit_log"]
    assert (found["period_beginning"], found["period_ending"]) == ("2026-02-01 00:00:00", "2026-03-01 00:00:00")
    assert (found["num_hosts"], found["hosts_not_run"], found["log"]) == (1, ["host-1"], {})
    assert found["overall_status"] == "0 of 1 hosts done. 0 errors."
    listed = cloud.get(AUDITS, as_="admin").json["instance_usage_audit_logs"]
    assert set(listed) == set(found)
    assert cloud.get(AUDITS).status_code == 403


def test_what_is_no_time(cloud: Any) -> None:
    refused = cloud.get(f"{AUDITS}/yesterday", as_="admin")
    assert refused.status_code == 400 and "yesterday" in refused.text
    for edge in ("0001-01-01", "9999-12-31 23:59:59"):
        assert cloud.get(f"{AUDITS}/{edge}", as_="admin").status_code == 200
