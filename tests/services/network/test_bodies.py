"""Bodies of the network API with values that no database and no topology can store."""

from typing import Any

import pytest

V2 = "/network/v2.0"


@pytest.mark.parametrize(
    "body", [b'{"network": {"name": "a\\u0000b"}}', b'{"networks": [{"network": {"name": "n", "tags": ["\\u0000"]}}]}']
)
def test_no_text_holds_a_nul(cloud: Any, net: Any, body: bytes) -> None:
    refused = cloud.post(f"{V2}/networks", body=body, headers={"Content-Type": "application/json"})
    assert "NUL" in net.refused(refused, 400, "HTTPBadRequest")
    assert net.list("networks") == []
