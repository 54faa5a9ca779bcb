"""Creates and checks keypairs. The cryptography library generates and parses keys."""

import base64
import binascii
import hashlib
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kumoi.kernel import quotas
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import Forbidden
from kumoi.kernel.who import Who
from kumoi.services.compute.keypairs.errors import InvalidKeypair, KeypairExists, KeypairNotFound
from kumoi.services.compute.keypairs.models import KeypairRow
from kumoi.services.compute.keypairs.schemas import ListQuery
from kumoi.services.compute.keypairs.store import rows

PrivateKey = ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
CERTIFICATE_LIFETIME = timedelta(days=3650)


def owner(who: Who, user_id: str | None) -> str:
    """The user whose keypairs are requested: the caller, or for an admin any user."""
    if user_id is None or user_id == who.user_id:
        return who.user_id
    if not who.is_admin:
        raise Forbidden("Only an admin may see or change the keypairs of another user.")
    return user_id


def check_name(name: str, *, more: bool) -> None:
    """`more`: with the signs that 2.92 added."""
    signs = "_- " + ("@." if more else "")
    if not all(sign.isascii() and (sign.isalnum() or sign in signs) for sign in name):
        raise InvalidKeypair(f"Keypair name contains unsafe characters: letters, digits and '{signs}' are allowed")


def check_new(tx: Transaction, user_id: str, name: str) -> None:
    """Whether the user may have a keypair of this name: InvalidKeypair, KeypairExists."""
    if name != name.strip():
        raise InvalidKeypair("the name must not begin or end with a space")
    if rows.find(tx, user_id, name):
        raise KeypairExists(name)


def create(
    tx: Transaction, who: Who, user_id: str, name: str, kind: str, public_key: str | None, private: PrivateKey | None
) -> tuple[KeypairRow, str | None]:
    """The row, and the private key if the request has no public key. The private key is not stored. `private` is used
    only in that case: an RSA key for a certificate (`x509`), an Ed25519 key for ssh."""
    check_new(tx, user_id, name)
    quotas.take(tx, "compute", who.project_id or quotas.EVERYBODY, {"key_pairs": 1}, holder=user_id)
    secret = None
    if public_key is None:
        assert private is not None
        if isinstance(private, rsa.RSAPrivateKey):
            serial = int(tx.new_hex(), 16) >> 1 or 1
            public_key, secret = _certified(private, user_id, serial, tx.now)
        else:
            public_key, secret = _written(private)
    printed = certificate_fingerprint(public_key) if kind == "x509" else fingerprint(public_key)
    row = rows.insert(tx, user_id, name=name, type=kind, public_key=public_key, fingerprint=printed)
    return row, secret


def show(tx: Transaction, user_id: str, name: str) -> KeypairRow:
    row = rows.find(tx, user_id, name)
    if row is None:
        raise KeypairNotFound(name, user_id)
    return row


def list_of_user(tx: Transaction, user_id: str, query: ListQuery) -> tuple[list[KeypairRow], bool]:
    """A page, and whether another one may follow."""
    return rows.page(tx, user_id, query)


def delete(tx: Transaction, user_id: str, name: str) -> None:
    rows.remove(tx, show(tx, user_id, name))


def fingerprint(public_key: str) -> str:
    """MD5 of the key's bytes in colon-separated hexadecimal, as compute shows it; InvalidKeypair when it is no ssh key."""
    parts = public_key.split(None, 2)
    try:
        serialization.load_ssh_public_key(" ".join(parts[:2]).encode())
        blob = base64.b64decode(parts[1])
    except (ValueError, IndexError, UnsupportedAlgorithm, binascii.Error):
        raise InvalidKeypair("failed to generate fingerprint: public_key is not an ssh public key") from None
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(digest[i : i + 2] for i in range(0, 32, 2))


def certificate_fingerprint(public_key: str) -> str:
    """SHA-1 of a certificate in colon-separated hexadecimal, as compute shows it; InvalidKeypair when it is none."""
    try:
        digest = x509.load_pem_x509_certificate(public_key.encode()).fingerprint(hashes.SHA1()).hex()  # noqa: S303
    except ValueError:
        raise InvalidKeypair("failed to generate X509 fingerprint: public_key is not a PEM certificate") from None
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


def _certified(key: rsa.RSAPrivateKey, user_id: str, serial: int, now: int) -> tuple[str, str]:
    """A self-signed certificate for logging in as a client, and its private key, in PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, user_id[:64])])
    begins = datetime.fromtimestamp(now // 1_000_000, UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(begins)
        .not_valid_after(begins + CERTIFICATE_LIFETIME)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


def _written(key: ed25519.Ed25519PrivateKey) -> tuple[str, str]:
    """Public and private key as OpenSSH writes them."""
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    return f"{public.decode()} Generated-by-Kumoi", private.decode()
