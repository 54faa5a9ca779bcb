"""Routes of images and backups of servers."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import since, until
from kumoi.services.compute.server_images import logic, schemas

routes = Routes()

PATH = "/servers/{server_id}/action"
TAKES = ("image_count_total",)


OLDER, NEWER = until("2.44"), since("2.45")
"""Older versions name the image in a header, newer ones in the body."""


@routes.action(
    PATH, "createImage", policy=policy.member(), body=schemas.CreateImage, quota=TAKES, versions=OLDER,
    errors=(409, 501),
)  # fmt: skip
def create_image_before_2_45(request: Request, server_id: str, body: schemas.CreateImage) -> Reply:
    return _located(request, logic.create_image(request.tx, request.who, server_id, body, request.origin()))


@routes.action(
    PATH, "createImage", policy=policy.member(), body=schemas.CreateImage, reply=schemas.Made, quota=TAKES,
    versions=NEWER, errors=(409, 501),
)  # fmt: skip
def create_image(request: Request, server_id: str, body: schemas.CreateImage) -> schemas.Made:
    return schemas.Made(logic.create_image(request.tx, request.who, server_id, body, request.origin()))


@routes.action(
    PATH, "createBackup", policy=policy.member(), body=schemas.CreateBackup, quota=TAKES, versions=OLDER,
    errors=(409,),
)  # fmt: skip
def create_backup_before_2_45(request: Request, server_id: str, body: schemas.CreateBackup) -> Reply:
    return _located(request, logic.create_backup(request.tx, request.who, server_id, body, request.origin()))


@routes.action(
    PATH, "createBackup", policy=policy.member(), body=schemas.CreateBackup, reply=schemas.Made, quota=TAKES,
    versions=NEWER, errors=(409,),
)  # fmt: skip
def create_backup(request: Request, server_id: str, body: schemas.CreateBackup) -> schemas.Made:
    return schemas.Made(logic.create_backup(request.tx, request.who, server_id, body, request.origin()))


def _located(request: Request, image_id: str) -> Reply:
    return Reply(headers={"Location": f"{request.base_url}/image/v2/images/{image_id}"})
