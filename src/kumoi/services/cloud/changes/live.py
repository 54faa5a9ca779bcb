"""Begins the stream of one client."""

from kumoi.kernel import feed
from kumoi.kernel.changes import Position
from kumoi.kernel.errors import BadRequest, PolicyForbids
from kumoi.kernel.feed import Follower
from kumoi.kernel.http import Request
from kumoi.kernel.settings import Folder
from kumoi.kernel.who import Who


def follow(request: Request) -> Follower:
    asked = request.query().after
    try:
        after = None if asked is None else Position.read(asked)
    except ValueError:
        raise BadRequest("Invalid input for query parameter after: it is the id of a message of this stream.") from None
    folder: Folder = request.engine(Folder)

    def check() -> Who:
        who = request.authenticate(request.database, request.token)
        assert request.route is not None
        if not request.route.policy.allows(who):
            raise PolicyForbids(request.route.name)
        return who

    return feed.of(request.database, folder.changes_socket).follow(request.who, check, after)
