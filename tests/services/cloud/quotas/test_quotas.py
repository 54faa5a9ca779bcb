"""The quotas of all projects."""

from typing import Any

from kumoi.kernel import quotas
from tests.cloud import OTHER_PROJECT, PROJECT

PATH = "/kumoi/v1/quotas"
VOLUMES = "/volume/v3/volumes"


def told(cloud: Any) -> tuple[dict[str, int], dict[str, dict[str, tuple[int | None, int]]]]:
    body = cloud.get(PATH, as_="admin").json
    defaults = {f"{each['service']}/{each['resource']}": each["limit"] for each in body["defaults"]}
    figures = {
        each["project_id"]: {f"{q['service']}/{q['resource']}": (q["limit"], q["used"]) for q in each["quotas"]}
        for each in body["projects"]
    }
    return defaults, figures


def test_what_each_project_uses_and_may_have(cloud: Any) -> None:
    for caller in ("member", "other", "other"):
        made = cloud.post(VOLUMES, as_=caller, json={"volume": {"size": 2}})
        assert made.status_code == 202, made.text
    cloud.database.write(lambda tx: quotas.set_limit(tx, "block_storage", "volumes", OTHER_PROJECT, 3))
    cloud.database.write(lambda tx: quotas.set_limit(tx, "compute", "cores", quotas.EVERYBODY, 7))
    defaults, figures = told(cloud)
    assert (defaults["block_storage/volumes"], defaults["compute/cores"]) == (10, 7)
    assert figures[PROJECT]["block_storage/gigabytes"] == (None, 2)
    assert figures[OTHER_PROJECT]["block_storage/volumes"] == (3, 2)
    assert figures[OTHER_PROJECT]["block_storage/gigabytes"] == (None, 4)
    assert quotas.EVERYBODY not in figures


def test_only_admins_see_it(cloud: Any) -> None:
    assert cloud.get(PATH, as_="member").status_code == cloud.get(PATH, as_="system-reader").status_code == 403
