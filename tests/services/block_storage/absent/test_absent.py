"""Absent parts of block storage: lists are empty, and creating one is refused with a message."""

from typing import Any

import pytest

V3 = "/volume/v3"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/consistencygroups/detail", "consistencygroups"), ("/cgsnapshots/detail", "cgsnapshots"),
        ("/clusters", "clusters"),
    ],
)  # fmt: skip
def test_an_empty_list(cloud: Any, path: str, name: str) -> None:
    as_ = "admin" if name == "clusters" else "reader"
    answered = cloud.get(V3 + path, as_=as_, params={"limit": "21", "sort": "created_at:desc"})
    assert (answered.status_code, answered.json) == (200, {name: []})


def test_making_one_is_refused_in_words(cloud: Any) -> None:
    refused = cloud.post(f"{V3}/consistencygroups", json={"consistencygroup": {"name": "x"}})
    assert refused.status_code == 501
    assert "Consistency groups" in refused.json["notImplemented"]["message"]
    assert cloud.get(f"{V3}/manageable_volumes").status_code == 501
