"""A bucket's CORS configuration: rules that Swift's API heeds too. Swift's headers of the container are shown as one rule,
and go when rules are set."""

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

import msgspec

from kumoi.services.object_store.facade import crossing
from kumoi.services.s3 import xml
from kumoi.services.s3.errors import S3Error, malformed
from kumoi.services.s3.settings.logic import Setting

METHODS = ("GET", "PUT", "HEAD", "POST", "DELETE")
MOST = 100
LONGEST_ID = 255
_decode = msgspec.json.Decoder(list[crossing.Rule]).decode


class Cors(Setting):
    def read(self, document: Element) -> str:
        found = [_rule(element) for element in document.findall("CORSRule")]
        if not 1 <= len(found) <= MOST:
            raise malformed(f"it has {len(found)} rules; from 1 to {MOST} are accepted")
        return msgspec.json.encode(found).decode()

    def of(self, metadata: Mapping[str, str]) -> str | None:
        found = crossing.rules(metadata)
        return msgspec.json.encode(found).decode() if found else None

    def show(self, text: str) -> Mapping[str, Any]:
        return {"CORSRule": [_shown(each) for each in _decode(text)]}

    def changed(self, metadata: Mapping[str, str], text: str | None) -> dict[str, str]:
        rest = {
            name: value
            for name, value in metadata.items()
            if name != crossing.STORED and not name.startswith(crossing.META)
        }
        return rest if text is None else {**rest, crossing.STORED: text}


def _rule(element: Element) -> crossing.Rule:
    def texts(name: str) -> list[str]:
        return [(each.text or "").strip() for each in element.findall(name)]

    origins, methods, headers, exposed = map(texts, ("AllowedOrigin", "AllowedMethod", "AllowedHeader", "ExposeHeader"))
    if not origins or not methods:
        raise malformed("a CORSRule needs AllowedOrigin and AllowedMethod")
    for method in methods:
        if method not in METHODS:
            raise S3Error(
                400, "InvalidRequest",
                f"Found unsupported HTTP method in CORS config. Unsupported method is {method[:40]!r}",
            )  # fmt: skip
    for name, every in (("AllowedOrigin", origins), ("AllowedHeader", headers)):
        for each in every:
            if each.count("*") > 1:
                raise S3Error(400, "InvalidRequest", f'{name} "{each[:100]}" can not have more than one wildcard.')
    for each in (*origins, *headers, *exposed):
        if not each.isascii() or not each.isprintable() or " " in each or "," in each:
            raise S3Error(400, "InvalidRequest", f"{each[:100]!r} is no origin and no name of a header.")
    id, age = xml.text_of(element, "ID"), xml.text_of(element, "MaxAgeSeconds")
    if len(id) > LONGEST_ID:
        raise malformed(f"an ID has more than {LONGEST_ID} characters")
    if age and not (age.isascii() and age.isdigit() and len(age) < 10):
        raise malformed("MaxAgeSeconds is no number")
    return crossing.Rule(origins=origins, methods=methods, headers=headers, exposed=exposed, max_age=age, id=id)


def _shown(rule: crossing.Rule) -> dict[str, Any]:
    return {
        "ID": rule.id or None, "AllowedMethod": [each for each in rule.methods if each in METHODS],
        "AllowedOrigin": rule.origins, "AllowedHeader": rule.headers, "ExposeHeader": rule.exposed,
        "MaxAgeSeconds": rule.max_age or None,
    }  # fmt: skip


RULES = Cors("cors", "CORSConfiguration", "NoSuchCORSConfiguration", "The CORS configuration does not exist")
