"""The errors of members."""

from kumoi.kernel.errors import BadRequest, Conflict, Forbidden, NotFound


class MemberNotFound(NotFound):
    def __init__(self, member_id: str) -> None:
        super().__init__(f"Image member {member_id[:255]} could not be found.")


class MemberExists(Conflict):
    def __init__(self, image_id: str, member_id: str) -> None:
        super().__init__(f"Image member {member_id} already exists for image {image_id}.")


class NotShared(Forbidden):
    def __init__(self) -> None:
        super().__init__("Only shared images have members.")


class MemberForbidden(Forbidden):
    pass


class InvalidMember(BadRequest):
    pass
