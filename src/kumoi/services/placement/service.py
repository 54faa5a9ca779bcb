"""The placement service: where it answers, which microversions it speaks, which resources it has."""

from typing import Any

from kumoi.kernel import versions
from kumoi.kernel.routes import Service, below
from kumoi.kernel.versions import Microversions, since
from kumoi.services.placement import errors

MICROVERSIONS = Microversions(
    service_type="placement",
    minimum=(1, 0),
    maximum=(1, 39),
    legacy_header=None,
    behaviours={
        "consumers have owners": since("1.8"),
        "replies say when they changed": since("1.15"),
        "a limit of candidates": since("1.16"),
        "traits of candidates": since("1.17"),
        "aggregates of candidates": since("1.21"),
        "forbidden traits": since("1.22"),
        "member_of may be repeated": since("1.24"),
        "groups of candidates": since("1.25"),
        "everything may be reserved": since("1.26"),
        "summaries are of all resources": since("1.27"),
        "consumers have generations": since("1.28"),
        "nested candidates": since("1.29"),
        "trees of candidates": since("1.31"),
        "forbidden aggregates": since("1.32"),
        "groups have names": since("1.33"),
        "traits of roots": since("1.35"),
        "subtrees": since("1.36"),
        "providers may move": since("1.37"),
        "consumers have types": since("1.38"),
        "choices of traits": since("1.39"),
    },
    history={
        "1.1": "aggregates of providers",
        "1.2": "resource classes of one's own",
        "1.3": "providers by aggregate",
        "1.4": "providers by what they have room for",
        "1.5": "all inventories deleted at once",
        "1.6": "traits",
        "1.7": "a resource class is made by PUT",
        "1.8": "allocations name project and user",
        "1.9": "usages of a project",
        "1.10": "allocation candidates",
        "1.11": "providers link to their allocations",
        "1.12": "allocations as objects",
        "1.13": "allocations of several consumers at once",
        "1.14": "providers in trees",
        "1.15": "Last-Modified and Cache-Control",
        "1.16": "a limit of candidates",
        "1.17": "candidates by traits",
        "1.18": "providers by traits",
        "1.19": "aggregates change with the provider's generation",
        "1.20": "a new provider is answered whole",
        "1.21": "candidates by aggregate",
        "1.22": "forbidden traits",
        "1.23": "errors carry a code",
        "1.24": "member_of may be repeated",
        "1.25": "numbered groups of candidates",
        "1.26": "an inventory may be reserved whole",
        "1.27": "summaries of all resources",
        "1.28": "consumers have generations",
        "1.29": "candidates from trees",
        "1.30": "the reshaper",
        "1.31": "candidates of one tree",
        "1.32": "forbidden aggregates",
        "1.33": "groups have names",
        "1.34": "candidates say which group is where",
        "1.35": "traits of roots",
        "1.36": "groups in one subtree",
        "1.37": "providers may move in their trees",
        "1.38": "consumers have types",
        "1.39": "choices of traits",
    },
)


def discovery(service: Service, base_url: str) -> dict[str, Any]:
    version = {
        "id": "v1.0",
        "status": "CURRENT",
        "min_version": versions.text(MICROVERSIONS.minimum),
        "max_version": versions.text(MICROVERSIONS.maximum),
        "links": [{"rel": "self", "href": ""}],
    }
    return {"versions": [version]}


SERVICE = Service(
    type="placement",
    name="placement",
    prefix="/placement",
    root=errors.ROOT,
    catalog_type="placement",
    catalog_path="/placement",
    routes=below(__package__),
    negotiates=True,
    render_error=errors.render,
    discovery=discovery,
    discovery_status=200,
    microversions=MICROVERSIONS,
    tables="placement_",
)  # fmt: skip
