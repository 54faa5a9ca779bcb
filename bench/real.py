"""A real boot: from POST to ACTIVE and to the ssh banner, against QEMU alone with the same disk, metadata by drive."""

import json
import os
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from bench.client import Client
from bench.cloud import Cloud, free_port
from bench.control_plane import COMPUTE, IMAGE, NETWORK, Say

ROUNDS = 3
BANNER_WITHIN = 120.0
ROOT = Path(__file__).parents[1]


def measure(say: Say) -> None:
    """Calls `say(name, value)` for each figure. Three boots of each kind; all figures are kept."""
    disk = Path(
        subprocess.run([ROOT / "scripts/guest-image.sh", "--path"], capture_output=True, text=True).stdout.strip()
    )
    with Cloud(external_cidr="172.31.254.0/24") as cloud:
        client = cloud.client
        say("real.first_token_s", cloud.first_token_s)
        network = _prepare(client, disk)
        for number in range(ROUNDS):
            _boot(say, cloud, client, network, number)
        say("real.pss_mib", cloud.memory_mib())
    for _ in range(ROUNDS):
        say("qemu_alone.start_to_ssh_s", _alone(disk))


def _prepare(client: Client, disk: Path) -> str:
    image = {"name": "guest", "disk_format": "qcow2", "container_format": "bare"}
    image_id = client.ask("POST", f"{IMAGE}/images", image)["id"]
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(disk.stat().st_size)}
    with disk.open("rb") as content:
        client.ask("PUT", f"{IMAGE}/images/{image_id}/file", content, headers=headers)
    network: str = client.ask("POST", f"{NETWORK}/networks", {"network": {"name": "bench"}})["network"]["id"]
    subnet = {"network_id": network, "ip_version": 4, "cidr": "10.79.0.0/24"}
    subnet_id = client.ask("POST", f"{NETWORK}/subnets", {"subnet": subnet})["subnet"]["id"]
    public = client.ask("GET", f"{NETWORK}/networks?router:external=true")["networks"][0]["id"]
    router = {"name": "bench", "external_gateway_info": {"network_id": public}}
    router_id = client.ask("POST", f"{NETWORK}/routers", {"router": router})["router"]["id"]
    client.ask("PUT", f"{NETWORK}/routers/{router_id}/add_router_interface", {"subnet_id": subnet_id})
    group = client.ask("GET", f"{NETWORK}/security-groups?name=default&project_id={client.project_id}")
    rule = {
        "security_group_id": group["security_groups"][0]["id"], "direction": "ingress", "protocol": "tcp",
        "port_range_min": 22, "port_range_max": 22,
    }  # fmt: skip
    client.ask("POST", f"{NETWORK}/security-group-rules", {"security_group_rule": rule})
    return network


def _boot(say: Say, cloud: Cloud, client: Client, network: str, number: int) -> None:
    image = client.ask("GET", f"{IMAGE}/images?name=guest")["images"][0]["id"]
    flavor = client.ask("GET", f"{COMPUTE}/flavors")["flavors"][0]["id"]
    server = {"name": f"b{number}", "flavorRef": flavor, "imageRef": image, "networks": [{"uuid": network}]}
    began = time.perf_counter()
    made = client.ask("POST", f"{COMPUTE}/servers", {"server": server})["server"]["id"]
    found = client.until(f"{COMPUTE}/servers/{made}", lambda a: a["server"]["status"] in ("ACTIVE", "ERROR"))["server"]
    if found["status"] == "ERROR":
        raise RuntimeError(found["fault"])
    say("real.post_to_active_s", round(time.perf_counter() - began, 2))
    if number == 0:
        say("real.first_active_s", round(time.perf_counter() - cloud.began, 2))
    port = client.ask("GET", f"{NETWORK}/ports?device_id={made}")["ports"][0]["id"]
    public = client.ask("GET", f"{NETWORK}/networks?router:external=true")["networks"][0]["id"]
    body = {"floatingip": {"floating_network_id": public, "port_id": port}}
    address = client.ask("POST", f"{NETWORK}/floatingips", body)["floatingip"]["floating_ip_address"]
    _banner(address, 22)
    say("real.post_to_ssh_s", round(time.perf_counter() - began, 2))
    client.ask("DELETE", f"{COMPUTE}/servers/{made}")
    client.until(f"{COMPUTE}/servers", lambda answer: not answer["servers"])


def _alone(disk: Path) -> float:
    """Seconds from starting QEMU with a copy-on-write disk of the image to the guest's ssh banner. A config drive tells
    the guest what a cloud would: without it would wait in vain for metadata."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="k-", dir="/tmp") as folder:
        overlay = f"{folder}/disk.qcow2"
        subprocess.run(
            ["qemu-img", "create", "-q", "-f", "qcow2", "-b", disk, "-F", "qcow2", overlay, "1G"], check=True
        )
        drive = _config_drive(Path(folder))
        began = time.perf_counter()
        guest = subprocess.Popen(
            ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-machine", "pc-i440fx-7.2", "-accel",
             "tcg,thread=multi", "-cpu", "Nehalem", "-m", "256", "-smp", "1", "-display", "none", "-vga", "std",
             "-serial", f"file:{folder}/console.log", "-drive", f"file={overlay},if=virtio,format=qcow2",
             "-drive", f"file={drive},if=virtio,format=raw,readonly=on",
             "-netdev", f"user,id=n,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22", "-device", "virtio-net-pci,netdev=n"],
            stdin=subprocess.DEVNULL, env={**os.environ},
        )  # fmt: skip
        try:
            _banner("127.0.0.1", port)
            return round(time.perf_counter() - began, 2)
        finally:
            guest.kill()
            guest.wait()


def _config_drive(folder: Path) -> Path:
    tree, image = folder / "tree" / "openstack" / "latest", folder / "drive.iso"
    tree.mkdir(parents=True)
    about = {"uuid": "00000000-0000-4000-8000-000000000001", "hostname": "alone", "name": "alone", "meta": {}}
    (tree / "meta_data.json").write_text(json.dumps(about))
    subprocess.run(["genisoimage", "-quiet", "-J", "-r", "-V", "config-2", "-o", image, folder / "tree"], check=True)
    return image


def _banner(address: str, port: int) -> None:
    """Wait for the banner of the guest's ssh server."""
    end = time.perf_counter() + BANNER_WITHIN
    while time.perf_counter() < end:
        try:
            with socket.create_connection((address, port), timeout=1) as connection:
                connection.settimeout(1)
                if connection.recv(4) == b"SSH-":
                    return
        except OSError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"{address}:{port} said no ssh banner within {BANNER_WITHIN} s")
