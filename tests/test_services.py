"""The setting `services`: a cloud has the services that it names, what they need is checked, and the others are absent."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import grimp
import pytest

import kumoi
from kumoi import services
from kumoi.cli import running
from kumoi.cli.refusals import Refused
from kumoi.front import refusals
from kumoi.kernel import rooms
from kumoi.kernel import settings as settings_module
from kumoi.kernel.settings import Folder, Settings

CLOUD = """
import json, sys
from pathlib import Path
import falcon.testing
from kumoi import app
from kumoi.front import refusals
from kumoi.kernel import operations, quotas, reconcile
from kumoi.kernel import settings as settings_module
from kumoi.kernel.settings import Folder, Settings
from kumoi.kernel.wsgi import wsgi

folder, chosen = Folder(Path(sys.argv[1])), sys.argv[2]
for path in (folder.run, folder.keys, folder.database, folder.images):
    path.mkdir(parents=True, exist_ok=True)
settings = Settings(cloud_id="abcdef", hypervisor="fake", network="fake", password_rounds=4, services=chosen)
settings_module.save(folder, settings)
app.bootstrap(folder, settings, {"admin": "a secret word"})
client = falcon.testing.TestClient(wsgi(app.make_api(folder.data)))
user = {"name": "admin", "domain": {"id": "default"}, "password": "a secret word"}
auth = {"identity": {"methods": ["password"], "password": {"user": user}},
        "scope": {"project": {"name": "admin", "domain": {"id": "default"}}}}
login = client.simulate_post("/identity/v3/auth/tokens", json={"auth": auth})
headers = {"X-Auth-Token": login.headers["x-subject-token"]}
asked = {path: client.simulate_get(path, headers=headers) for path in sys.argv[3:]}
image = {"name": "i", "disk_format": "raw", "container_format": "bare"}
made = client.simulate_post("/image/v2/images", headers=headers, json=image)
print(json.dumps({
    "catalogue": sorted(entry["type"] for entry in login.json["token"]["catalog"]),
    "asked": {path: [answer.status_code, answer.text] for path, answer in asked.items()},
    "made": made.status_code,
    "refusals": sorted(refusals.shapes()),
    "audit": app.audit(folder.data),
    "quotas": sorted({service for service, _ in quotas.registry}),
    "work": sorted({kind.partition(".")[0] for kind in [*operations.registry, *reconcile.sweepers, *reconcile.reconcilers]}),
    "loaded": sorted({name.split(".")[2] for name in sys.modules if name.startswith("kumoi.services.")}),
}))
"""


def cloud_with(folder: Path, chosen: str, *paths: str) -> dict[str, Any]:
    """What a cloud with these services says of itself, in a process of its own."""
    argv = [sys.executable, "-c", CLOUD, str(folder), chosen, *paths]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_cloud_of_identity_and_images(tmp_path: Path) -> None:
    paths = [path for root in refusals.shapes() for path in (root, f"{root}/v2.1/servers")]
    found = cloud_with(tmp_path, "image", "/nothing/here", *paths)
    assert found["loaded"] == ["identity", "image"]
    assert found["catalogue"] == ["identity", "image"]
    assert found["refusals"] == ["/identity", "/image"]
    assert found["quotas"] == found["work"] == ["image"]
    assert found["audit"] == []
    assert found["made"] == 201
    unknown = found["asked"].pop("/nothing/here")
    assert unknown[0] == 404
    for path, answer in found["asked"].items():
        absent = not path.startswith(("/identity", "/image"))
        assert (answer == unknown) == absent, path


def test_an_absent_service_comes_to_a_cloud_that_is_there(tmp_path: Path) -> None:
    assert cloud_with(tmp_path, "image")["catalogue"] == ["identity", "image"]
    grown = cloud_with(tmp_path, "", "/network/v2.0/security-groups")
    assert grown["loaded"] == services.every()
    assert {"compute", "network", "placement"} < set(grown["catalogue"])
    assert grown["asked"]["/network/v2.0/security-groups"][0] == 200


def test_a_resource_that_needs_an_absent_service_is_absent(tmp_path: Path) -> None:
    found = cloud_with(tmp_path, "cloud,image", "/kumoi/v1/events", "/kumoi/v1/placement/dry-run", "/kumoi/v1/openapi/image",
                       "/kumoi/v1/openapi/compute")  # fmt: skip
    said = {path: status for path, (status, _) in found["asked"].items()}
    assert said == {
        "/kumoi/v1/events": 200,
        "/kumoi/v1/placement/dry-run": 404,
        "/kumoi/v1/openapi/image": 200,
        "/kumoi/v1/openapi/compute": 404,
    }
    assert found["loaded"] == ["cloud", "identity", "image"]


def test_the_setting_names_services_that_exist_and_what_they_need() -> None:
    assert services.chosen("") == frozenset(services.every())
    assert services.chosen("identity") == {"identity"}
    assert services.chosen("image, network") == {"identity", "image", "network"}
    with pytest.raises(ValueError, match="services: there is no service glance, nova; there are block_storage, cloud"):
        services.chosen("nova,glance,image")
    with pytest.raises(
        ValueError, match="services: block_storage needs image; compute needs image, network: name these too"
    ):
        services.chosen("compute,placement,block_storage")


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ("heat", "--set services: there is no service heat; there are block_storage, cloud"),
        ("compute", "--set services: compute needs block_storage, image, network, placement: name these too"),
        ("image;x", "services: 'image;x' is not text like"),
        ("image", "--set services: this cloud has network, whose rows would remain"),
    ],
)
def test_up_refuses_what_a_cloud_cannot_have(tmp_path: Path, chosen: str, told: str) -> None:
    folder = Folder(tmp_path)
    settings_module.save(folder, Settings(services="image,network"))
    with pytest.raises(Refused) as refused:
        running.changed(folder, {"services": chosen})
    assert str(refused.value).startswith(told)
    assert running.changed(folder, {"services": "network,image,placement"}).services == "network,image,placement"


def test_what_a_folder_needs_is_what_its_rooms_import() -> None:
    """A service names the others whose facades it imports; a resource those that its service does without."""
    graph = grimp.build_graph("kumoi", cache_dir=None)
    for service in services.every():
        package = f"kumoi.services.{service}"
        imported: dict[str, set[str]] = {package: set()}
        for resource in (Path(kumoi.__file__).parent / "services" / service).iterdir():
            if (resource / "__init__.py").exists() and rooms.needs(f"{package}.{resource.name}"):
                imported[f"{package}.{resource.name}"] = set()
        for module in graph.find_descendants(package):
            owner = next(
                (folder for folder in imported if module.startswith(f"{folder}.") and folder != package), package
            )
            others = {
                other.split(".")[2]
                for other in graph.find_modules_directly_imported_by(module)
                if other.startswith("kumoi.services.")
            }
            imported[owner] |= others - {service, services.IDENTITY}
        assert {folder: set(rooms.needs(folder)) for folder in imported} == imported


OF_THE_RUNNER = """
import json, gc
from kumoi import app
app.{load}()
from kumoi.kernel import operations, quotas, reconcile
from kumoi.kernel.database import metadata
from kumoi.kernel.removal import Removal
from kumoi.services.network import topology
import sys
removals = [each for each in gc.get_objects() if isinstance(each, Removal)]
print(sum(name.endswith(".api") for name in sys.modules if name.startswith("kumoi.services.")))
print(sorted(operations.registry), sorted(reconcile.reconcilers), sorted(reconcile.sweepers), sorted(quotas.registry))
print(sorted(metadata.tables), [part.kind for part in topology.parts()])
print(sorted((len(each._guards), len(each._followers)) for each in removals))
"""


def test_the_runner_loads_no_routes_and_knows_all_its_work() -> None:
    said = {}
    for load in ("load_services", "load_runner"):
        argv = [sys.executable, "-c", OF_THE_RUNNER.format(load=load)]
        said[load] = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split("\n", 1)
    assert said["load_runner"][0] == "0"
    assert said["load_runner"][1] == said["load_services"][1]
