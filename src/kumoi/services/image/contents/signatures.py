"""Signatures of images: the bytes are compared with the four properties `img_signature…` while they come.

The certificate is a file `<img_signature_certificate_uuid>.pem` in the folder that the settings name.
"""

import binascii
import hashlib
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from kumoi.engines.images.interface import ImageRefused, Stored, Writer
from kumoi.kernel import clock
from kumoi.kernel.clock import SECOND

SIGNATURE, HASH, KEY, CERTIFICATE = (
    "img_signature", "img_signature_hash_method", "img_signature_key_type", "img_signature_certificate_uuid",
)  # fmt: skip
HASHES: dict[str, hashes.HashAlgorithm] = {
    "SHA-224": hashes.SHA224(), "SHA-256": hashes.SHA256(), "SHA-384": hashes.SHA384(), "SHA-512": hashes.SHA512(),
}  # fmt: skip
KEYS = ("DSA", "ECC_SECP384R1", "ECC_SECP521R1", "ECC_SECT409K1", "ECC_SECT409R1", "ECC_SECT571K1", "ECC_SECT571R1",
        "RSA-PSS")  # fmt: skip


def is_signed(properties: Mapping[str, str]) -> bool:
    """Whether all four properties are there. An image with fewer is not verified, as in Glance."""
    return all(name in properties for name in (SIGNATURE, HASH, KEY, CERTIFICATE))


class Signed:
    """A writer that keeps the bytes only if their signature is right; implements Writer."""

    def __init__(self, writer: Writer, properties: Mapping[str, str], certificates: str) -> None:
        """ImageRefused if the properties or the certificate are unusable."""
        self._writer = writer
        self._key_type, self._method = properties[KEY], properties[HASH]
        if self._method not in HASHES:
            raise ImageRefused(f"{HASH} is none of: {', '.join(HASHES)}")
        if self._key_type not in KEYS:
            raise ImageRefused(f"{KEY} is none of: {', '.join(KEYS)}")
        try:
            self._signature = b64decode(properties[SIGNATURE], validate=True)
        except (binascii.Error, ValueError):
            raise ImageRefused(f"{SIGNATURE} is not in base64") from None
        self._certificate = _certificate(properties[CERTIFICATE], certificates)
        self._digest = hashlib.new(HASHES[self._method].name)

    def write(self, data: bytes) -> None:
        self._digest.update(data)
        self._writer.write(data)

    def finish(self) -> Stored:
        try:
            self._verify()
        except BaseException:
            self._writer.abort()
            raise
        return self._writer.finish()

    def abort(self) -> None:
        self._writer.abort()

    def _verify(self) -> None:
        key, algorithm, digest = self._certificate.public_key(), HASHES[self._method], self._digest.digest()
        ahead = Prehashed(algorithm)
        try:
            if self._key_type == "RSA-PSS" and isinstance(key, rsa.RSAPublicKey):
                pss = padding.PSS(mgf=padding.MGF1(algorithm), salt_length=padding.PSS.AUTO)
                key.verify(self._signature, digest, pss, ahead)
            elif self._key_type == "DSA" and isinstance(key, dsa.DSAPublicKey):
                key.verify(self._signature, digest, ahead)
            elif isinstance(key, ec.EllipticCurvePublicKey) and self._key_type == f"ECC_{key.curve.name.upper()}":
                key.verify(self._signature, digest, ec.ECDSA(ahead))
            else:
                raise ImageRefused(f"the certificate has no key of the type {self._key_type}")
        except InvalidSignature:
            raise ImageRefused("signature verification failed") from None


def _certificate(name: str, folder: str) -> x509.Certificate:
    try:
        path = Path(folder) / f"{UUID(name)}.pem"
    except ValueError:
        raise ImageRefused(f"{CERTIFICATE} is no UUID") from None
    try:
        if not folder:
            raise FileNotFoundError
        found = x509.load_pem_x509_certificate(path.read_bytes())
    except OSError:
        raise ImageRefused(f"there is no certificate {path.stem}") from None
    except ValueError:
        raise ImageRefused(f"the certificate {path.stem} cannot be read") from None
    now = clock.now() / SECOND
    if not found.not_valid_before_utc.timestamp() <= now <= found.not_valid_after_utc.timestamp():
        raise ImageRefused(f"the certificate {path.stem} is not valid now")
    return found


def verified(writer: Writer, properties: Mapping[str, str], certificates: str) -> Writer:
    """The writer itself, or one that verifies the signature. The writer is ended if that cannot be."""
    if not is_signed(properties):
        return writer
    try:
        return Signed(writer, properties, certificates)
    except BaseException:
        writer.abort()
        raise
