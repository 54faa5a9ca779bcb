"""Creates, converts and changes OVSDB files, with or without a running server."""

from pathlib import Path
from typing import Any

import msgspec

from kumoi.engines.network.interface import NetworkError
from kumoi.kernel.processes import CommandFailed, run

Operation = dict[str, Any]
"""One operation of RFC 7047."""


class DatabaseFile:
    """One OVSDB database of a cloud: its file, the socket of its server, and the owner of both."""

    def __init__(self, file: Path, socket: Path, schema: Path, user: str | None) -> None:
        self.file, self.socket, self.schema, self.user = file, socket, schema, user
        try:
            self.name: str = msgspec.json.decode(schema.read_bytes())["name"]
        except FileNotFoundError as error:
            raise NetworkError(f"{schema} is missing: install openvswitch-switch and ovn-central") from error

    def prepare(self) -> None:
        """Create the file, or bring it to the schema of the installed version while no server holds it."""
        if not self.file.exists():
            self._tool("create", str(self.file), str(self.schema))
        elif not self.served() and self._tool("needs-conversion", str(self.file), str(self.schema)) == "yes\n":
            self._tool("convert", str(self.file), str(self.schema))

    def served(self) -> bool:
        """Does a server answer on the socket?"""
        try:
            run(["ovsdb-client", "--timeout=5", "list-dbs", f"unix:{self.socket}"], user=self.user)
        except CommandFailed:
            return False
        return True

    def transact(self, *operations: Operation) -> list[dict[str, Any]]:
        """The result of each operation; NetworkError when one fails, and then none is done."""
        question = msgspec.json.encode([self.name, *operations]).decode()
        try:
            if self.served():
                reply = run(
                    ["ovsdb-client", "--timeout=10", "transact", f"unix:{self.socket}", question], user=self.user
                )
            else:
                reply = self._tool("transact", str(self.file), question)
        except CommandFailed as error:
            raise NetworkError(f"the database behind {self.socket} refuses: {error.detail}") from error
        results: list[dict[str, Any] | None] = msgspec.json.decode(reply)
        for result in results:
            if result and "error" in result:
                raise NetworkError(f"the database {self.file} refuses: {result.get('details', result['error'])}")
        return [result or {} for result in results]

    def _tool(self, *arguments: str) -> str:
        try:
            return run(["ovsdb-tool", *arguments], user=self.user)
        except CommandFailed as error:
            who = "" if self.user is None else f" by the user {self.user}"
            raise NetworkError(f"the database {self.file} cannot be used{who}: {error.detail}") from error
