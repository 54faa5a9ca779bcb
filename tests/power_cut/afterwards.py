"""Checks after a restart following a power cut: all promises hold, and nothing else exists."""

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

from kumoi.engines.hypervisor.qemu.hypervisor import QemuHypervisor
from kumoi.engines.images.interface import ImagesError
from kumoi.host import lifecycle
from kumoi.kernel import clock, randomness
from kumoi.kernel.randomness import SeededSource
from kumoi.kernel.settings import Folder
from kumoi.services.image import stores
from tests.power_cut import cloud as clouds
from tests.power_cut.scenario import BEGIN, digest
from tests.services.object_store.sending import ask

LATER = 2 * 3600 * clock.SECOND
SWEPT = 120.0
"""Seconds: past every sweep's time."""
Promises = dict[str, dict[str, Any]]


def problems(data: Path, promises: Promises, guests: str = "fake") -> tuple[list[str], int]:
    """Promises that do not hold in this folder, and how many were checked."""
    with clouds.beginning(BEGIN + LATER, guests), randomness.using(SeededSource(8)):
        wrong = _fixed(data, promises)
        lifecycle.carry_over(Folder(data))  # the machine has booted since
        try:
            cloud = clouds.up(data, guests)
        except Exception as error:
            return [*wrong, f"the cloud does not start: {error!r}"], len(promises)
        try:
            _give_uploads(Folder(data))
            if guests == "qemu":
                cloud.engines[QemuHypervisor].bring_up()
            for _ in range(2):
                cloud.sweep()
                cloud.settle()
                cloud.leap(SWEPT)
            wrong += [f"the audit: {found}" for found in cloud.audit()]
            wrong += [f"left over: {left}" for left in half_made(data)]
            for subject, promise in promises.items():
                wrong += [f"{subject}: {problem}" for problem in _broken(cloud, data, promise)]
        finally:
            cloud.end_guests()
            cloud.close()
    return wrong, len(promises)


def _give_uploads(folder: Folder) -> None:
    """The model does not record owners. Uploads belong to the user of the receiving process."""
    owner = folder.images.stat()
    for path in folder.images.iterdir():
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def half_made(data: Path) -> list[str]:
    """Draft files that do not belong to a completed resource."""
    found = [path for pattern in ("*.part", "*.new", "*.source*") for path in data.rglob(pattern)]
    return sorted(str(path.relative_to(data)) for path in found)


def _fixed(data: Path, promises: Promises) -> list[str]:
    """Restore the files that `kumoi up` created, before it runs again."""
    return _other_files(data, promises.get("the cloud", {}))


def _other_files(data: Path, promise: dict[str, Any]) -> list[str]:
    wrong = []
    for name, was in promise.get("files", {}).items():
        now = digest(data / name) if (data / name).is_file() else None
        if now != was:
            wrong.append(f"{name} {'holds other bytes' if now else 'is gone'}")
    return wrong


def _broken(cloud: Any, data: Path, promise: dict[str, Any]) -> list[str]:
    if "gone" in promise:
        wrong = [f"{name} is there" for name in promise["without"] if (data / name).exists()]
        if (status := cloud.get(promise["gone"]).status_code) != 404:
            wrong.append(f"answers {status}")
        return wrong
    if "object" in promise:
        got = ask(cloud, "GET", promise["object"])
        wanted = promise["digest"]
        if wanted is None:
            return [] if got.status == 404 else [f"it is there ({got.status})"]
        right = got.status == 200 and hashlib.sha256(got.content).hexdigest() == wanted
        return [] if right else [f"it has other bytes, or none ({got.status})"]
    if "again" in promise:
        answer = cloud.post(promise["again"], json=promise["body"], headers={"Idempotency-Key": promise["key"]})
        return [] if answer.text == promise["text"] else [f"asked again, it says {answer.text}"]
    wrong = []
    if "path" in promise:
        answer = cloud.get(promise["path"])
        shown = answer.json if answer.status_code == 200 else {}
        inside = next(iter(shown.values())) if len(shown) == 1 else shown
        for name, value in promise["fields"].items():
            if inside.get(name) != value:
                wrong.append(f"{name} is {inside.get(name)!r} instead of {value!r} ({answer.status_code})")
    if "image" in promise:
        try:
            with stores.objects(cloud.locate).open(promise["image"]) as file:
                found = hashlib.sha256(file.read()).hexdigest()
        except ImagesError as error:
            wrong.append(str(error))
        else:
            wrong += [] if found == promise["digest"] else ["it has other bytes"]
    return wrong + _other_files(data, promise)


def fresh(folder: Path) -> Path:
    """Empty, and there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
