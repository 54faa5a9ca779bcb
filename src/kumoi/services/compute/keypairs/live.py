"""The private key of a new keypair. An RSA key takes long to make, so it is made outside any transaction, in a lane."""

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from kumoi.kernel import randomness
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.http import Request
from kumoi.kernel.lanes import Lane
from kumoi.services.compute.keypairs import logic, schemas

LANE = Lane("keys of certificates", 1)


def new_key(request: Request, body: schemas.CreateBody) -> logic.PrivateKey | None:
    """None where the client sends its public key. What is refused anyway is refused first."""
    asked = body.keypair
    imports_only = request.behaves("keypairs are only imported")
    if asked.public_key is None and imports_only:
        raise BadRequest("Invalid input for field/attribute keypair. 'public_key' is a required property")
    logic.check_name(asked.name, more=imports_only)
    user_id = logic.owner(request.who, asked.user_id)
    if asked.public_key is not None:
        return None
    if asked.type == "x509":
        request.database.read(lambda tx: logic.check_new(tx, user_id, asked.name))
        return LANE.run(lambda: rsa.generate_private_key(65537, 2048))
    return ed25519.Ed25519PrivateKey.from_private_bytes(randomness.random_bytes(32))
