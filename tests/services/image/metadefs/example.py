"""Metadata definitions as an admin makes them."""

from typing import Any

PATH = "/image/v2/metadefs/namespaces"


def create_namespace(cloud: Any) -> tuple[str, dict[str, Any]]:
    return PATH, {"namespace": "new", "visibility": "public"}


def _namespace(cloud: Any) -> str:
    made = cloud.post(PATH, as_="admin", json={"namespace": "example", "visibility": "public"})
    assert made.status_code in (201, 409), made.text
    return f"{PATH}/example"


def create_object(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"{_namespace(cloud)}/objects", {"name": "one", "properties": {"size": {"title": "Size", "type": "integer"}}}


def create_property(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"{_namespace(cloud)}/properties", {"name": "bus", "title": "Bus", "type": "string", "enum": ["ide", "scsi"]}


def create_tags(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"{_namespace(cloud)}/tags", {"tags": [{"name": "one"}, {"name": "two"}]}


def create_tag(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"{_namespace(cloud)}/tags/three", {}


def create_association(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"{_namespace(cloud)}/resource_types", {"name": "OS::Glance::Image", "prefix": "hw_"}
