"""Bodies of consoles: docs.openstack.org/api-ref/compute/#server-consoles."""

from typing import Annotated, Literal

import msgspec

from kumoi.kernel.versions import since


class Output(msgspec.Struct, forbid_unknown_fields=True):
    length: int | str | None = None


class Vnc(msgspec.Struct, forbid_unknown_fields=True):
    """The action of versions until 2.5."""

    type: Literal["novnc", "xvpvnc"]


class Spice(msgspec.Struct, forbid_unknown_fields=True):
    type: Literal["spice-html5"]


class Serial(msgspec.Struct, forbid_unknown_fields=True):
    type: Literal["serial"]


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    protocol: Literal["vnc", "spice", "rdp", "serial", "mks"]
    type: Literal["novnc", "xvpvnc", "spice-html5", "rdp-html5", "serial", "webmks"]


class RemoteBody(msgspec.Struct, forbid_unknown_fields=True):
    remote_console: Wanted


class Console(msgspec.Struct):
    type: str
    url: str


class ConsoleBody(msgspec.Struct):
    console: Console


class RemoteConsole(msgspec.Struct):
    protocol: str
    type: str
    url: str


class RemoteShown(msgspec.Struct):
    remote_console: RemoteConsole


class Access(msgspec.Struct):
    instance_uuid: str
    host: str
    port: int | None
    internal_access_path: str | None
    tls_port: Annotated[int | None, since("2.99")] = None


class AccessBody(msgspec.Struct):
    console: Access
