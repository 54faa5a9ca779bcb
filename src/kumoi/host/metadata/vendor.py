"""What the operator of the cloud tells every guest: vendor_data.json and vendor_data2.json."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from kumoi.engines.hypervisor.interface import GuestMetadata
from kumoi.kernel import log, polls
from kumoi.kernel.settings import Settings

ROOM = "host.metadata"
WITHIN = 5.0
"""Seconds in which the targets have to answer. What comes later is left out."""
LARGEST = 1 << 20
"""Bytes of an answer."""


@dataclass(frozen=True)
class Vendor:
    """`static`: the operator's object. `targets`: name → URL that is asked for each guest."""

    static: Mapping[str, Any] = field(default_factory=dict)
    targets: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> "Vendor":
        """As the settings have it. A file that cannot be read, or is no JSON object, is logged and left out."""
        static: dict[str, Any] = {}
        if settings.vendor_data:
            try:
                static = msgspec.json.decode(Path(settings.vendor_data).read_bytes(), type=dict[str, Any])
            except (OSError, msgspec.MsgspecError) as error:
                log.say(ROOM, "vendor data cannot be read", path=settings.vendor_data, reason=str(error))
        pairs = (each.partition("@") for each in settings.vendor_data_targets.split())
        return cls(static, {name: url for name, _, url in pairs})

    def first(self) -> bytes:
        """vendor_data.json."""
        return msgspec.json.encode(self.static)

    def second(self, about: GuestMetadata) -> bytes:
        """vendor_data2.json: asks the targets, so it may take WITHIN."""
        found: dict[str, Any] = {"static": self.static} if self.static else {}
        question = msgspec.json.encode({
            "project-id": about.project_id, "instance-id": about.server_id, "image-id": about.image_id,
            "user-data": about.user_data.decode("latin-1") if about.user_data is not None else None,
            "hostname": about.hostname, "metadata": about.meta, "boot-roles": "",
        })  # fmt: skip
        # The subject has the guest, so that a target which is silent for one is still asked for others.
        answers = polls.ask(
            f"vendor data of {about.server_id}", self.targets, lambda name: _post(self.targets[name], question), WITHIN
        )
        for name, answer in answers.items():
            if isinstance(answer, Exception):
                log.say(ROOM, "a target of vendor data did not answer", target=name, reason=str(answer))
            else:
                found[name] = answer
        return msgspec.json.encode(found)


def _post(url: str, question: bytes) -> Any:
    place = urlsplit(url)
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    connection = kind(place.netloc, timeout=WITHIN)
    try:
        path = (place.path or "/") + (f"?{place.query}" if place.query else "")
        connection.request("POST", path, question, {"Content-Type": "application/json"})
        response = connection.getresponse()
        body = response.read(LARGEST + 1)
        if response.status != 200 or len(body) > LARGEST:
            raise OSError(f"status {response.status}, {len(body)} bytes")
        return msgspec.json.decode(body)
    finally:
        connection.close()
