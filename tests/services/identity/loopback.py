"""The cloud on a loopback port, for clients that use HTTP."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from tests.replies import Checked
from tests.services.identity.cloud import IdentityCloud
from tests.waits import ended


@contextmanager
def serving(cloud: IdentityCloud, application: Any = None) -> Iterator[str]:
    """The base URL, as long as the block runs. `application`: answers in place of the cloud's API."""
    server = create_server(application or Checked(cloud.api), host="127.0.0.1", port=0, threads=2)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))
    ended(thread)
