"""Audits that are asked for: one at a time, as operations, with the last result."""

from typing import Any

from kumoi.kernel.audit import Audit
from kumoi.services.cloud.audits.operations import run

PATH = "/kumoi/v1/audit"


def test_the_last_audit_with_its_result(cloud: Any) -> None:
    assert cloud.get(PATH, as_="admin").json == {"audit": None}
    begun = cloud.post(PATH, as_="admin")
    assert begun.status_code == 202 and begun.json["audit"]["found"] is None
    assert cloud.post(PATH, as_="admin").json["audit"]["operation_id"] == begun.json["audit"]["operation_id"]
    cloud.settle()
    done = cloud.get(PATH, as_="admin").json["audit"]
    assert (done["state"], done["found"], done["differences"]) == ("done", 0, []), done
    assert done["ended_at"] is not None and done["reason"] is None
    cloud.post(PATH, as_="admin")
    assert cloud.get(PATH, as_="admin").json["audit"]["operation_id"] != done["operation_id"]


def test_differences_are_told_up_to_a_number(cloud: Any) -> None:
    one = {"service": "network", "kind": "port", "id": "p", "problem": "it is not in the topology"}
    cloud.engines[Audit] = Audit(lambda database, locate: [one] * (run.MOST + 1))
    cloud.post(PATH, as_="admin")
    cloud.settle()
    told = cloud.get(PATH, as_="admin").json["audit"]
    assert told["found"] == run.MOST + 1 and told["differences"] == [one] * run.MOST


def test_only_admins_audit(cloud: Any) -> None:
    for caller in ("member", "reader", "system-reader"):
        assert cloud.get(PATH, as_=caller).status_code == cloud.post(PATH, as_=caller).status_code == 403
