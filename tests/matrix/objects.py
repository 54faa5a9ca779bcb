"""What clients and sweeps do to objects, each from the same state, and what a store holds afterwards."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kumoi.engines.objects import layout
from kumoi.engines.objects.disk import DiskObjects
from kumoi.engines.objects.index import Index
from kumoi.engines.objects.interface import Container, Object, ObjectStore, Page, VersionPage
from kumoi.engines.objects.many import ManyDisks
from kumoi.kernel import clock, durable, reconcile
from kumoi.services.s3.uploads import logic as uploads
from tests.services.object_store.sending import ask
from tests.services.s3.conftest import S3Cloud
from tests.stepped import SteppedCloud

FEW, OTHERS = b"few bytes", b"other bytes"
MANY, MORE = bytes(range(256)) * 300, bytes(range(255, -1, -1)) * 400
"""Beside their name, and in files."""
PART = b"part" * 20_000
SWEEPS = ("object_store.leftovers", "object_store.expiry")
LATER = 90.0
"""Seconds until sweeps have removed what nobody needs."""


class ObjectsCloud(S3Cloud, SteppedCloud):
    """A stepped cloud with real identity, which S3's signatures need. `token`: a member's."""

    token: str
    keys_of_s3: dict[str, Any]
    upload: str

    def swift(self, method: str, path: str, **more: Any) -> Any:
        return ask(self, method, f"/object-store/v1/{self.account}{path}", as_=self.token, **more)

    @property
    def account(self) -> str:
        return f"AUTH_{self.keys_of_s3['tenant_id']}"

    @property
    def s3(self) -> Any:
        return self.client(self.keys_of_s3)

    def sweep_objects(self) -> None:
        for name in SWEEPS:
            reconcile.sweepers[name].run(reconcile.View(self.database, self.locate))


class DisksCloud(ObjectsCloud):
    """Its objects are fragments on four disks, and its index has three copies."""

    def _engines(self) -> dict[type[Any], Any]:
        disks = {name: self.folder.data / f"disk-{name}" for name in "abcd"}
        coded = layout.Layout(disks, {layout.DEFAULT: layout.Policy(layout.DEFAULT, 2, 2)})
        store = ManyDisks(self.folder.objects, coded)
        for name, path in disks.items():
            durable.make_folder(path)
            durable.make_folder(self.folder.objects)
            assert store.disks.take(name) == ""
        return {**super()._engines(), ObjectStore: store}

    def sweep_objects(self) -> None:
        reconcile.sweepers["object_store.disks"].run(reconcile.View(self.database, self.locate))
        super().sweep_objects()


Act = Callable[[ObjectsCloud], None]


@dataclass(frozen=True)
class Recipe:
    """`whole`: everything that it changes is changed in one transaction."""

    act: Act
    whole: bool


acts: dict[str, Recipe] = {}


def act(name: str, *, whole: bool = True) -> Callable[[Act], Act]:
    def keep(work: Act) -> Act:
        acts[name] = Recipe(work, whole)
        return work

    return keep


def ok(answer: Any) -> Any:
    assert answer.status < 300, answer.text
    return answer


def furnish(cloud: ObjectsCloud) -> None:
    """The state from which every act starts."""
    uploads.SMALLEST_PART = 10
    cloud.token, cloud.keys_of_s3 = cloud.log_in("demo"), cloud.ec2()
    for path, headers in (
        ("/c", {"X-Container-Meta-Quota-Count": "9"}), ("/old", {}), ("/v", {"X-Versions-Location": "old"}),
        ("/s", {}), ("/empty", {}), ("/dead", {}), ("/kept", {"X-Versions-Enabled": "true"}),
    ):  # fmt: skip
        ok(cloud.swift("PUT", path, headers=headers))
    for path, data in (
        ("/c/few", FEW), ("/c/many", MANY), ("/v/few", FEW), ("/v/few", OTHERS), ("/v/many", MANY), ("/v/many", MORE),
        ("/s/1", MANY), ("/s/2", FEW), ("/kept/few", FEW), ("/kept/many", MANY), ("/kept/many", MORE),
    ):  # fmt: skip
        clock.sleep(1.0)
        ok(cloud.swift("PUT", path, body=data))
    manifest = json.dumps([{"path": "/s/1"}, {"path": "/s/2"}]).encode()
    ok(cloud.swift("PUT", "/c/whole?multipart-manifest=put", body=manifest))
    for name, data in (("few", FEW), ("many", MANY)):
        ok(cloud.swift("PUT", f"/dead/{name}", body=data, headers={"X-Delete-After": "10"}))
    s3 = cloud.s3
    s3.create_bucket(Bucket="bucket")
    cloud.upload = s3.create_multipart_upload(Bucket="bucket", Key="one")["UploadId"]
    for number in (1, 2):
        s3.upload_part(Bucket="bucket", Key="one", UploadId=cloud.upload, PartNumber=number, Body=PART)
    clock.sleep(LATER)


def put(name: str, path: str, data: bytes) -> None:
    act(name)(lambda cloud: ok(cloud.swift("PUT", path, body=data)) and None)


put("put few", "/c/new", FEW)
put("put many", "/c/new", MANY)
put("put many for many", "/c/many", MORE)
put("put many for few", "/c/few", MANY)
put("put few for many", "/c/many", FEW)
put("put a new version", "/v/many", MANY)


def remove(name: str, path: str, *, whole: bool = True) -> None:
    act(name, whole=whole)(lambda cloud: ok(cloud.swift("DELETE", path)) and None)


remove("delete few", "/c/few")
remove("delete many", "/c/many")
remove("delete a version", "/v/many")
remove("delete a large object with its segments", "/c/whole?multipart-manifest=delete", whole=False)
remove("delete a container", "/empty")


put("keep an old version", "/kept/many", MANY)
put("keep a small old version", "/kept/few", MANY)
remove("leave a delete marker", "/kept/many")


def version(cloud: ObjectsCloud, place: int) -> str:
    """Of `/kept/many`, the newest first."""
    listed = ok(cloud.swift("GET", "/kept?versions&prefix=many")).json
    return f"/kept/many?version-id={listed[place]['version_id']}"


@act("delete an old version")
def _(cloud: ObjectsCloud) -> None:
    ok(cloud.swift("DELETE", version(cloud, 1)))


@act("restore an old version")
def _(cloud: ObjectsCloud) -> None:
    ok(cloud.swift("PUT", version(cloud, 1)))


@act("copy many")
def _(cloud: ObjectsCloud) -> None:
    ok(cloud.swift("COPY", "/c/many", headers={"Destination": "empty/copied"}))


@act("copy a large object")
def _(cloud: ObjectsCloud) -> None:
    ok(cloud.swift("COPY", "/c/whole", headers={"Destination": "empty/flat"}))


@act("change metadata")
def _(cloud: ObjectsCloud) -> None:
    ok(cloud.swift("POST", "/c/many", headers={"X-Object-Meta-Colour": "red"}))


@act("make a container")
def _(cloud: ObjectsCloud) -> None:
    ok(cloud.swift("PUT", "/made"))


@act("put a manifest")
def _(cloud: ObjectsCloud) -> None:
    manifest = json.dumps([{"path": "/s/1"}, {"path": "/s/1"}]).encode()
    ok(cloud.swift("PUT", "/c/twice?multipart-manifest=put", body=manifest))


@act("extract an archive", whole=False)
def _(cloud: ObjectsCloud) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in (("a", FEW), ("b", MANY)):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    ok(cloud.swift("PUT", "/empty?extract-archive=tar", body=packed.getvalue()))


@act("delete in bulk", whole=False)
def _(cloud: ObjectsCloud) -> None:
    ok(cloud.swift("POST", "?bulk-delete", body=b"c/few\nc/many\n", headers={"Content-Type": "text/plain"}))


@act("put a part")
def _(cloud: ObjectsCloud) -> None:
    cloud.s3.upload_part(Bucket="bucket", Key="one", UploadId=cloud.upload, PartNumber=3, Body=PART)


@act("complete an upload")
def _(cloud: ObjectsCloud) -> None:
    etag = f'"{hashlib.md5(PART).hexdigest()}"'
    parts = [{"PartNumber": number, "ETag": etag} for number in (1, 2)]
    cloud.s3.complete_multipart_upload(
        Bucket="bucket", Key="one", UploadId=cloud.upload, MultipartUpload={"Parts": parts}
    )


@act("abort an upload")
def _(cloud: ObjectsCloud) -> None:
    cloud.s3.abort_multipart_upload(Bucket="bucket", Key="one", UploadId=cloud.upload)


remove("delete a container with an upload", "/bucket")


@act("delete a bucket with an upload")
def _(cloud: ObjectsCloud) -> None:
    cloud.s3.delete_bucket(Bucket="bucket")


@act("put an open object with S3")
def _(cloud: ObjectsCloud) -> None:
    cloud.s3.put_object(Bucket="bucket", Key="open", Body=MANY, ACL="public-read", Tagging="a=1")


@act("open a bucket")
def _(cloud: ObjectsCloud) -> None:
    cloud.s3.put_bucket_acl(Bucket="bucket", ACL="public-read")


@act("give a bucket rules")
def _(cloud: ObjectsCloud) -> None:
    rule = {"ID": "a", "Status": "Enabled", "Prefix": "", "Expiration": {"Days": 900}}
    cloud.s3.put_bucket_lifecycle_configuration(Bucket="bucket", LifecycleConfiguration={"Rules": [rule]})


@act("delete several with S3")
def _(cloud: ObjectsCloud) -> None:
    keys = [{"Key": name} for name in ("few", "many", "absent")]
    cloud.s3.delete_objects(Bucket="kept", Delete={"Objects": keys})


@act("expire", whole=False)
def _(cloud: ObjectsCloud) -> None:
    cloud.sweep_objects()


@act("tidy what was replaced", whole=False)
def _(cloud: ObjectsCloud) -> None:
    ok(cloud.swift("PUT", "/c/many", body=MORE))
    clock.sleep(LATER)
    cloud.sweep_objects()


def held(cloud: ObjectsCloud) -> dict[str, str]:
    """Name → a digest of bytes and description, of every container and object."""
    store = cloud.engines[ObjectStore]
    assert isinstance(store, DiskObjects)

    def work(tx: Any) -> dict[str, str]:
        assert isinstance(tx, Index)
        found = {}
        for account, name in tx._ask("SELECT account, name FROM containers ORDER BY account, name").fetchall():
            where = tx.container(account, name)
            assert where is not None
            found[f"{account}/{name}"] = json.dumps(where.metadata)
            for each in tx.objects(where, Page(limit=1000)):
                found[f"{account}/{name}/{each.name}"] = _digest(store, tx, where, tx.object(where, each.name))
            for old in tx.versions(where, VersionPage(limit=1000)) if where.versioning else ():
                there = tx.version(where, old.name, old.version)
                found[f"{account}/{name}/{old.name}, {old.version}"] = (
                    f"{old.latest} {_digest(store, tx, where, there)}"
                )
        return found

    return store.read(work)


def _digest(store: DiskObjects, tx: Any, where: Container, there: Object) -> str:
    if there.place is None:
        data = tx.data(where, there.name, there.version)
    else:
        with store.open(there.place) as file:
            data = file.read()
    assert len(data) == there.size, f"{there.name} has {len(data)} bytes, and says {there.size}"
    return json.dumps([hashlib.sha256(data).hexdigest(), there.content_type, there.metadata, there.delete_at])


def left(cloud: ObjectsCloud) -> list[str]:
    """Files that no object has, and notes of uploads."""
    store = cloud.engines[ObjectStore]
    assert isinstance(store, DiskObjects)
    places = store.read(lambda tx: {place for place, _, _ in tx.places()})  # type: ignore[attr-defined]
    wanted, notes, there = set[str](), list[Path](), set[str]()
    for root in store.roots():
        notes += root.glob("incoming/*")
        there |= {f"{root.name}/{path.name}" for path in root.glob("files/*/*")}
    for text in places:
        place = layout.place_of(text)
        wanted |= {f"disk-{name}/{place.id}" for name in place.disks} if place else {f"{store.folder.name}/{text}"}
    return [
        *(f"file {place}" for place in sorted(there - wanted)),
        *(f"no file {place}" for place in sorted(wanted - there)),
        *(f"note {path}" for path in sorted(notes)),
    ]
