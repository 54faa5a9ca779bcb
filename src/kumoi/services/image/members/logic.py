"""Sharing of images with projects, and their acceptance."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.image.images import store as image_store
from kumoi.services.image.images.errors import TooMany
from kumoi.services.image.images.logic import must_be_member, own, visible
from kumoi.services.image.images.models import ACCEPTED, MOST, PENDING, REJECTED, SHARED, ImageDetails, MemberRow
from kumoi.services.image.members import store
from kumoi.services.image.members.errors import (
    InvalidMember,
    MemberExists,
    MemberForbidden,
    MemberNotFound,
    NotShared,
)


def add(tx: Transaction, who: Who, image_id: str, member_id: str) -> MemberRow:
    row = own(tx, who, image_id)
    if row["visibility"] != SHARED:
        raise NotShared
    if store.find(tx, image_id, member_id):
        raise MemberExists(image_id, member_id)
    if len(store.of_image(tx, image_id)) >= MOST:
        raise TooMany(f"An image has at most {MOST} members.")
    store.insert(tx, image_id, member_id)
    return _existing(tx, image_id, member_id)


def list_of(tx: Transaction, who: Who, image_id: str) -> list[MemberRow]:
    """The owner sees all. Others see only their own entry."""
    row = visible(tx, who, image_id)
    if row["visibility"] != SHARED:
        raise NotShared
    return [member for member in store.of_image(tx, image_id) if _concerns(who, row, member["member_id"])]


def show(tx: Transaction, who: Who, image_id: str, member_id: str) -> MemberRow:
    row = visible(tx, who, image_id)
    if not _concerns(who, row, member_id):
        raise MemberNotFound(member_id)
    return _existing(tx, image_id, member_id)


def answer(tx: Transaction, who: Who, image_id: str, member_id: str, status: str) -> MemberRow:
    """The member itself accepts or rejects."""
    visible(tx, who, image_id)
    must_be_member(who, "modify_member")
    if status not in (PENDING, ACCEPTED, REJECTED):
        raise InvalidMember(f"Invalid input for status: {status[:100]!r} is not pending, accepted or rejected.")
    if not who.is_admin and who.project_id != member_id:
        if who.project_id is not None and image_store.is_member(tx, image_id, who.project_id):
            raise MemberNotFound(member_id)
        raise MemberForbidden("Only the member itself may set the status of its membership.")
    _existing(tx, image_id, member_id)
    store.set_status(tx, image_id, member_id, status)
    return _existing(tx, image_id, member_id)


def remove(tx: Transaction, who: Who, image_id: str, member_id: str) -> None:
    row = own(tx, who, image_id)
    if row["visibility"] != SHARED:
        raise NotShared
    if not store.delete(tx, image_id, member_id):
        raise MemberNotFound(member_id)


def _concerns(who: Who, row: ImageDetails, member_id: str) -> bool:
    return who.sees(row["owner"]) or who.project_id == member_id


def _existing(tx: Transaction, image_id: str, member_id: str) -> MemberRow:
    member = store.find(tx, image_id, member_id)
    if member is None:
        raise MemberNotFound(member_id)
    return member
