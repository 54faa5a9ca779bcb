"""Copies images to the hosts of an aggregate, before a server needs them."""

from kumoi.engines.hosts import Hosts
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Again, Context, Operation, Step
from kumoi.services.image import facade as images


def copy(context: Context) -> Again | None:
    """One image to one host each time."""
    number = context.data.get("copied", 0)
    work = context.arguments["work"]
    if number < len(work):
        host, image_id, disk_format = work[number]
        if (wait := images.lend(context, image_id)) is not None:
            return wait
        fence = context.fence("aggregate", context.arguments["aggregate_id"])
        context.engine(Hosts).volumes(host).prepare_base(fence, image_id, disk_format)
        context.data["copied"] = number + 1
    return Again(after=0.0) if number + 1 < len(work) else None


def failed(context: Context, tx: Transaction, reason: str) -> None:
    """The operation has the reason. What was copied stays: it is a cache."""


CACHE_IMAGES = Operation("aggregate.cache_images", steps=[Step("copy", do=copy, deadline=3600)], failed=failed)
