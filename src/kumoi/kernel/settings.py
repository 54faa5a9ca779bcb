"""The settings of a cloud, stored in `<data>/settings.json`, and its paths below the data folder."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from kumoi.kernel import durable, randomness

LONGEST_DATA_PATH = 60
"""Bytes. Unix socket paths end at 107 and the longest below a data folder needs 47."""


class Settings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Each field is a `--set name=value` of `kumoi up`. docs/settings.md explains each (a test checks this)."""

    cloud_id: Annotated[str, Meta(pattern="^([0-9a-f]{6})?$")] = ""
    """Six hexadecimal digits in every kernel-visible name of this cloud, so that several clouds can run on one
    machine."""
    services: Annotated[str, Meta(pattern="^[a-z0-9_, ]*$")] = ""
    """The services that the cloud has, with commas between them; empty: all. Identity need not be named."""
    address: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 5000
    region: Annotated[str, Meta(pattern="^[A-Za-z0-9._-]{1,255}$")] = "RegionOne"
    s3_host: Annotated[str, Meta(pattern="^([a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*)?$")] = ""
    """The host name at whose root S3 answers, with `bucket.` before it for each bucket; empty: S3 is at `/s3` alone."""
    hypervisor: Literal["qemu", "fake"] = "qemu"
    accelerator: Literal["auto", "kvm", "tcg"] = "auto"
    guest_uids: Annotated[str, Meta(pattern="^([1-9][0-9]{0,9}-[1-9][0-9]{0,9})?$")] = ""
    """The first and the last uid of guests, each of which gets its own; empty: chosen by the cloud's id."""
    network: Literal["ovn", "fake"] = "ovn"
    database: str = ""
    """A SQLAlchemy URL; empty: SQLite in the data folder."""
    external_cidr: str = "172.24.4.0/24"
    """The network behind floating IPs; its first address is this machine's."""
    external_interface: Annotated[str, Meta(pattern="^[^/\\s]{0,15}$")] = ""
    """A network card to connect to the external network; empty: only this machine can reach it."""
    dns_servers: Annotated[str, Meta(pattern="^(none|[0-9A-Fa-f.:, ]*)$")] = ""
    """Comma-separated name servers of guests whose subnet has none; empty: this host's; `none`: no name servers."""
    resize_confirm_window: Annotated[int, Meta(ge=0, le=100_000_000)] = 0
    """Seconds after which a resize that nobody confirms is confirmed; 0: never."""
    shelved_offload_time: Annotated[int, Meta(ge=-1, le=100_000_000)] = 0
    """Seconds after which a shelved server leaves its host; 0: at once; -1: never."""
    api_workers: Annotated[int, Meta(ge=1, le=64)] = 2
    tls_certificate: str = ""
    tls_key: str = ""
    cpu_allocation_ratio: Annotated[float, Meta(ge=0, le=10_000)] = 0.0
    ram_allocation_ratio: Annotated[float, Meta(ge=0, le=1000)] = 0.0
    disk_allocation_ratio: Annotated[float, Meta(ge=0, le=1000)] = 0.0
    """How many vCPUs, MiB and GiB of guests one of a host may carry; 0: the usual number, or what an admin told placement."""
    reserved_host_cpus: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    reserved_host_memory_mb: Annotated[int, Meta(ge=0, le=1 << 40)] = 512
    reserved_host_disk_mb: Annotated[int, Meta(ge=0, le=1 << 40)] = 0
    """CPUs, MiB of memory and MiB of disk of each host that no guest gets."""
    host_name: Annotated[str, Meta(pattern="^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$")] = "host-1"
    password_rounds: Annotated[int, Meta(ge=4, le=20)] = 12
    """bcrypt's cost for new passwords: 2^rounds."""
    shortest_password: Annotated[int, Meta(ge=1, le=64)] = 8
    """Characters of a new password."""
    login_failures: Annotated[int, Meta(ge=0, le=1000)] = 5
    """Failed logins of one account from one address before the next ones must wait; 0: no limit."""
    image_count_total: Annotated[int, Meta(ge=-1)] = 100
    image_size_total: Annotated[int, Meta(ge=-1)] = 200 << 10
    image_stage_total: Annotated[int, Meta(ge=-1)] = 100 << 10
    image_count_uploading: Annotated[int, Meta(ge=-1)] = 10
    """A project's images, MiB of their bytes, MiB of staged bytes, and uploads at once; -1: any number."""
    web_download_hosts: Annotated[str, Meta(pattern="^[A-Za-z0-9.:/, -]*$")] = ""
    """Comma-separated hosts and networks from which images may be downloaded although not everybody reaches them."""
    web_download_ports: Annotated[str, Meta(pattern="^[0-9, ]+$")] = "80, 443"
    web_download_size: Annotated[int, Meta(ge=1, le=1 << 30)] = 100 << 10
    web_download_seconds: Annotated[int, Meta(ge=1, le=86_400)] = 4 * 3600
    """Ports from which images are downloaded, and the MiB and seconds that one may take."""
    image_certificates: str = ""
    """A folder with certificates `<uuid>.pem` of those who sign images; empty: none."""
    image_hash: Literal["sha256", "sha384", "sha512"] = "sha512"
    """The digest of new images, `os_hash_algo`."""
    metadata_definitions: str = ""
    """A folder with JSON files of metadata definitions, which `kumoi up` loads; empty: none."""
    object_disks: Annotated[str, Meta(pattern="^[^\\s;'\"]*( *, *[^\\s;'\"]+)*$")] = ""
    """Disks of the object store besides its own folder: `a=/srv/a, b=/srv/b`."""
    object_policies: Annotated[str, Meta(pattern="^[A-Za-z0-9=+, -]*$")] = ""
    """Storage policies over them: `three=3, coded=4+2` (copies, or fragments of data and of parity)."""
    object_scrub_days: Annotated[int, Meta(ge=0, le=3650)] = 30
    """Days in which everything on several disks is read once to find rot; 0: never."""
    disk_reserve: Annotated[int, Meta(ge=16, le=1 << 20)] = 512
    """MiB of the disk that images, volumes and guests leave free, so that the database can write."""
    connections_per_address: Annotated[int, Meta(ge=0, le=8192)] = 1024
    """Open requests and websockets of one client address; 0: no limit."""
    requests_per_address: Annotated[int, Meta(ge=0, le=1_000_000)] = 10_000
    """Requests per second from one client address; 0: no limit."""
    logins_per_address: Annotated[int, Meta(ge=0, le=1_000_000)] = 50
    """Logins and password changes per second from one client address; 0: no limit."""

    container_sync_realms: str = ""
    """A file with realms of clouds that copy containers to each other, in the format of Swift's
    container-sync-realms.conf; empty: none."""
    container_sync_current: Annotated[str, Meta(pattern="^(//[^/\\s]+/[^/\\s]+)?$")] = ""
    """This cloud in the realms, `//realm/cluster`, for clients that ask."""
    container_sync_hosts: Annotated[str, Meta(pattern="^[A-Za-z0-9.:, -]*$")] = ""
    """Comma-separated hosts to which containers may be copied without a realm; empty: this cloud only."""
    container_copies: Annotated[str, Meta(pattern="^(//[^/\\s]+/[^/\\s]+)?$")] = ""
    """The cloud, `//realm/cluster`, in which each new container gets a copy; empty: none."""
    containers_per_account: Annotated[float, Meta(ge=0, le=1_000_000)] = 0.0
    """Containers of one account that may be made, changed or deleted per second; 0: no limit."""
    writes_per_container: Annotated[str, Meta(pattern="^[0-9.:, ]*$")] = ""
    """`objects:rate` pairs with commas between them: writes per second in a container that has so many objects; empty: no
    limit."""
    longest_wait: Annotated[float, Meta(ge=0, le=3600)] = 60.0
    """Seconds for which a write waits for these two limits; one that would have to wait longer is refused."""
    archive_size: Annotated[int, Meta(ge=0)] = 100 << 10
    """MiB to which one archive may expand that is sent to the object store; 0: no limit."""

    config_drive_format: Literal["iso9660", "vfat"] = "iso9660"
    """A config drive is a CD, or a disk with a FAT file system."""
    vendor_data: str = ""
    """A file with a JSON object that every guest reads as vendor_data.json; empty: none."""
    vendor_data_targets: Annotated[str, Meta(pattern="^(\\w+@https?://[^\\s]+( \\w+@https?://[^\\s]+)*)?$")] = ""
    """Space-separated `name@URL` that are asked for each guest's vendor_data2.json; empty: none."""
    public_url: Annotated[str, Meta(pattern="^(https?://[^/\\s?#]+)?$")] = ""
    """The clients' URL of the cloud, `https://cloud.example`; empty: links use the request's Host header."""
    console_origins: Annotated[str, Meta(pattern="^(https?://[^/\\s;,'\"]+( https?://[^/\\s;,'\"]+)*)?$")] = ""
    """Space-separated additional origins whose pages may show consoles."""

    @property
    def disks_of_objects(self) -> dict[str, Path]:
        """Name → folder of each disk in `object_disks`."""
        pairs = (each.partition("=") for each in self.object_disks.split(",") if "=" in each)
        return {name.strip(): Path(path.strip()) for name, _, path in pairs}

    @property
    def local_address(self) -> str:
        """The address at which this machine reaches the cloud: loopback if the cloud listens at every address."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.address, self.address)

    @property
    def base_url(self) -> str:
        if self.public_url:
            return self.public_url
        host = f"[{self.local_address}]" if ":" in self.local_address else self.local_address
        return f"{'https' if self.tls_certificate else 'http'}://{host}:{self.port}"


class Folder:
    """Every path of one cloud, below its data folder. Sockets are in `run/`."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.settings = data / "settings.json"
        self.clouds = data / "clouds.yaml"
        self.keys = data / "keys"
        self.run = data / "run"
        self.log = data / "log"
        self.database = data / "database"
        self.images = data / "images"
        self.objects = data / "objects"
        self.bases = data / "bases"
        self.volumes = data / "volumes"
        self.snapshots = data / "snapshots"
        self.volume_backups = data / "volume_backups"
        self.guests = data / "guests"
        self.host = data / "host"
        self.ovn = data / "ovn"
        self.demo = data / "demo"

    @property
    def agent_socket(self) -> Path:
        return self.run / "agent.sock"

    @property
    def streams_socket(self) -> Path:
        return self.run / "streams.sock"

    @property
    def runner_socket(self) -> Path:
        """Datagrams to it wake the runner before its next poll."""
        return self.run / "runner.sock"

    @property
    def changes_socket(self) -> Path:
        """Datagrams to it wake the streams process, which reads the feed of changes then."""
        return self.run / "changes.sock"

    @property
    def preparing(self) -> Path:
        """Locked by `kumoi up` while it writes keys, tables and first rows."""
        return self.run / "preparing.lock"

    def api_socket(self, worker: int) -> Path:
        return self.run / f"api-{worker}.sock"

    def database_url(self, settings: Settings) -> str:
        return settings.database or f"sqlite:///{self.database / 'kumoi.db'}"


def load(folder: Folder) -> Settings:
    """The cloud's settings; FileNotFoundError when there is no cloud, msgspec.ValidationError naming a bad field."""
    return msgspec.json.decode(folder.settings.read_bytes(), type=Settings)


def save(folder: Folder, settings: Settings) -> None:
    """Replace settings.json durably. The first call also sets the cloud's id."""
    if not settings.cloud_id:
        settings.cloud_id = randomness.random_bytes(3).hex()
    durable.make_folder(folder.data)
    content = msgspec.json.format(msgspec.json.encode(settings), indent=2) + b"\n"
    durable.replace(folder.settings, content, mode=0o644)
