"""Absent parts of compute: lists are empty, and creating one is refused with a message; the list of extensions."""

from typing import Any

from tests.services.compute.world import World

V2 = "/compute/v2.1"


def test_extensions(cloud: Any) -> None:
    listed = cloud.get(f"{V2}/extensions").json["extensions"]
    (keypairs,) = (each for each in listed if each["alias"] == "os-keypairs")
    assert keypairs["name"] == "Keypairs"
    assert cloud.get(f"{V2}/extensions/os-keypairs").json == {"extension": keypairs}
    assert cloud.get(f"{V2}/extensions/os-fping").status_code == 404


def test_a_refusal_by_policy_names_the_action(world: World) -> None:
    """One function makes the handlers of all absent actions; its own name says nothing to a client."""
    server_id = world.boot()
    refused = world.act(server_id, "migrate")
    assert refused.status_code == 403
    assert "server_actions.migrate" in refused.json["forbidden"]["message"]
