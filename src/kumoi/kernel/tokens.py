"""Signed, encrypted tokens with ids and a scope, without roles. A check needs the key and no network."""

import base64
import hmac
from pathlib import Path

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from kumoi.kernel import durable
from kumoi.kernel.errors import Unauthorized


class Payload(msgspec.Struct, array_like=True, frozen=True):
    """The content of a token. Instants are in microseconds."""

    user_id: str
    methods: tuple[str, ...]
    issued_at: int
    expires_at: int
    audit_ids: tuple[str, ...]
    project_id: str | None = None
    domain_id: str | None = None
    system: bool = False
    application_credential_id: str | None = None
    user_generation: int = 0
    """The generation of the user's row at issue. A password change raises it and so revokes the token."""
    scope_generation: int = 0
    """The same for the project or domain. Disabling that raises it."""


class Keys:
    """The keys of a cloud in `<keys>/tokens`, one per line. The first one signs; all are accepted."""

    def __init__(self, keys: list[bytes]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._digesting = [hmac.digest(key, b"digests of secrets", "sha256") for key in keys]

    @classmethod
    def load(cls, folder: Path) -> "Keys":
        return cls((folder / "tokens").read_bytes().split())

    @staticmethod
    def create(folder: Path) -> bool:
        """Create the key file durably unless it exists, with mode 0640, so that the control plane's group can read it.
        Returns whether it was created."""
        path = folder / "tokens"
        if path.exists():
            return False
        durable.make_folder(folder)
        durable.replace(path, Fernet.generate_key() + b"\n", mode=0o640)
        return True

    def seal(self, payload: Payload) -> str:
        """Without padding, because clients use tokens in URLs."""
        return self._fernet.encrypt(msgspec.msgpack.encode(payload)).decode().rstrip("=")

    def open(self, token: str) -> Payload:
        """Unauthorized if it is invalid, foreign or sealed with a removed key. Does not check the expiry."""
        try:
            sealed = (token + "=" * (-len(token) % 4)).encode("ascii")
            # Only one spelling is valid, because tokens are revoked, counted and logged by their text.
            if base64.urlsafe_b64encode(base64.urlsafe_b64decode(sealed)).rstrip(b"=") != token.encode("ascii"):
                raise Unauthorized("The token is not valid.")
            return msgspec.msgpack.decode(self._fernet.decrypt(sealed), type=Payload)
        except (InvalidToken, UnicodeEncodeError, msgspec.DecodeError, ValueError):
            raise Unauthorized("The token is not valid.") from None

    def seal_secret(self, text: str) -> str:
        """For secrets that must be stored and returned (replies, credentials)."""
        return self._fernet.encrypt(text.encode()).decode()

    def open_secret(self, sealed: str) -> str:
        return self._fernet.decrypt(sealed.encode()).decode()

    def opened_secret(self, sealed: str) -> str | None:
        """As open_secret; None if this cloud did not seal it."""
        try:
            return self.open_secret(sealed)
        except (InvalidToken, UnicodeError):
            return None

    def digests(self, secret: bytes) -> list[str]:
        """64 hex digits for each key; the first one is that of the signing key. Store the first, and compare with all.
        Without the keys a digest reveals nothing, not even whether a guess is right."""
        return [hmac.digest(key, secret, "sha256").hex() for key in self._digesting]
