"""The encryption of a volume type without volumes."""

from typing import Any


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    volume_type = cloud.post("/volume/v3/types", as_="admin", json={"volume_type": {"name": "secret"}})
    path = f"/volume/v3/types/{volume_type.json['volume_type']['id']}/encryption"
    return path, {"encryption": {"provider": "luks", "key_size": 256}}
