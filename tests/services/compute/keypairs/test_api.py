"""Keypairs as clients see them."""

from typing import Any

import pytest

from kumoi.kernel.pagination import LARGEST_PAGE
from kumoi.services.compute.keypairs.models import keypairs
from tests.cloud import PROJECT

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPqPM2dUz4UjzHUsNXJWq4JbGJZqFH9KvJ0Zk4NhMW7a somebody"
KEYPAIRS = "/compute/v2.1/os-keypairs"


def test_a_generated_key_is_given_once_and_never_kept(cloud: Any) -> None:
    made = cloud.post(KEYPAIRS, json={"keypair": {"name": "one"}})
    assert made.status_code == 200
    assert "BEGIN OPENSSH PRIVATE KEY" in made.json["keypair"]["private_key"]
    shown = cloud.get(f"{KEYPAIRS}/one").json["keypair"]
    assert shown["fingerprint"] == made.json["keypair"]["fingerprint"]
    assert "private_key" not in shown and "type" not in shown


def test_the_edges_of_2_2(cloud: Any) -> None:
    before = cloud.post(KEYPAIRS, json={"keypair": {"name": "a", "public_key": KEY, "type": "ssh"}})
    assert before.status_code == 400 and "type" in before.json["badRequest"]["message"]
    after = cloud.post(KEYPAIRS, version="2.2", json={"keypair": {"name": "a", "public_key": KEY, "type": "ssh"}})
    assert after.status_code == 201 and after.json["keypair"]["type"] == "ssh"
    assert cloud.delete(f"{KEYPAIRS}/a", version="2.2").status_code == 204


def test_one_name_once(cloud: Any) -> None:
    body = {"keypair": {"name": "same", "public_key": KEY}}
    assert cloud.post(KEYPAIRS, json=body).status_code == 200
    again = cloud.post(KEYPAIRS, json=body)
    assert again.status_code == 409 and "already exists" in again.json["conflictingRequest"]["message"]
    assert cloud.post(KEYPAIRS, as_="other", json=body).status_code == 200


def test_what_is_no_key_is_refused(cloud: Any) -> None:
    refused = cloud.post(KEYPAIRS, json={"keypair": {"name": "bad", "public_key": "ssh-rsa nonsense"}})
    assert refused.status_code == 400 and "public_key" in refused.json["badRequest"]["message"]
    assert cloud.get(KEYPAIRS).json == {"keypairs": []}


def test_the_quota_is_the_projects_and_counts_each_users(cloud: Any) -> None:
    quota_set = f"/compute/v2.1/os-quota-sets/{PROJECT}"
    assert cloud.put(quota_set, as_="admin", json={"quota_set": {"key_pairs": 1}}).status_code == 200
    assert cloud.post(KEYPAIRS, json={"keypair": {"name": "1", "public_key": KEY}}).status_code == 200
    assert cloud.post(KEYPAIRS, json={"keypair": {"name": "2", "public_key": KEY}}).status_code == 403
    for_them = {"keypair": {"name": "2", "public_key": KEY, "type": "ssh", "user_id": "member-user"}}
    assert cloud.post(KEYPAIRS, as_="admin", version="2.10", json=for_them).status_code == 403
    for name in ("1", "2"):
        assert cloud.post(KEYPAIRS, as_="other", json={"keypair": {"name": name, "public_key": KEY}}).status_code == 200
    assert cloud.post(KEYPAIRS, as_="admin", json={"keypair": {"name": "1", "public_key": KEY}}).status_code == 200
    assert cloud.get(f"{quota_set}/detail").json["quota_set"]["key_pairs"] == {"limit": 1, "in_use": 0, "reserved": 0}
    assert cloud.delete(f"{KEYPAIRS}/1").status_code == 202
    assert cloud.post(KEYPAIRS, json={"keypair": {"name": "2", "public_key": KEY}}).status_code == 200


def test_pages_and_other_peoples_keys(cloud: Any) -> None:
    for name in ("a", "b", "c"):
        cloud.post(KEYPAIRS, json={"keypair": {"name": name, "public_key": KEY}})
    assert cloud.get(f"{KEYPAIRS}/a", as_="other").status_code == 404
    assert cloud.get(f"{KEYPAIRS}?user_id=member-user", as_="other", version="2.10").status_code == 403
    seen = cloud.get(f"{KEYPAIRS}?user_id=member-user", as_="admin", version="2.10").json["keypairs"]
    assert [item["keypair"]["name"] for item in seen] == ["a", "b", "c"]


def walked(cloud: Any, query: str, as_: str = "member") -> list[str]:
    """The names on every page from the first on; each page is full but the last."""
    names: list[str] = []
    path = f"{KEYPAIRS}{query}"
    while path:
        page = cloud.get(path, as_=as_, version="2.35")
        assert page.status_code == 200, page.text
        names += [item["keypair"]["name"] for item in page.json["keypairs"]]
        links = page.json.get("keypairs_links", [])
        path = links[0]["href"].partition("http://falconframework.org")[2] if links else ""
    return names


def test_the_next_page_is_of_the_same_list(cloud: Any) -> None:
    names = ["a", "b c", "d", "e_f"]
    for name in names:
        cloud.post(KEYPAIRS, json={"keypair": {"name": name, "public_key": KEY}})
    body = {"keypair": {"name": "b@c d", "public_key": KEY}}
    assert cloud.post(KEYPAIRS, version="2.92", json=body).status_code == 201
    everything = sorted([*names, "b@c d"])
    assert walked(cloud, "?limit=1") == walked(cloud, "?limit=2") == everything
    assert walked(cloud, "?user_id=member-user&limit=1", as_="admin") == everything


@pytest.mark.parametrize("query", ["", "?limit=5000"])
def test_a_page_is_cut_where_pages_end_and_says_so(cloud: Any, query: str) -> None:
    rows = [
        {"user_id": "member-user", "name": f"{number:04}", "type": "ssh", "public_key": KEY, "fingerprint": "f",
         "created_at": 1}
        for number in range(LARGEST_PAGE + 1)
    ]  # fmt: skip
    cloud.database.write(lambda tx: tx.insert_many(keypairs, rows))
    assert walked(cloud, query) == [row["name"] for row in rows]


def test_who_may(cloud: Any) -> None:
    assert cloud.get(KEYPAIRS, as_=None).status_code == 401
    assert cloud.get(KEYPAIRS, as_="roleless").status_code == 403
    assert cloud.post(KEYPAIRS, as_="reader", json={"keypair": {"name": "x"}}).status_code == 403
    assert cloud.post(KEYPAIRS, body="{nonsense").status_code == 400
    assert cloud.get("/compute/v2.1/nothing").status_code == 404


def test_a_certificate_for_guests_without_ssh(cloud: Any) -> None:
    from cryptography import x509

    made = cloud.post(KEYPAIRS, version="2.2", json={"keypair": {"name": "c", "type": "x509"}}).json["keypair"]
    certificate = x509.load_pem_x509_certificate(made["public_key"].encode())
    assert "BEGIN PRIVATE KEY" in made["private_key"] and made["fingerprint"].count(":") == 19
    assert certificate.not_valid_after_utc.year - certificate.not_valid_before_utc.year == 10
    body = {"name": "again", "type": "x509", "public_key": made["public_key"]}
    imported = cloud.post(KEYPAIRS, version="2.92", json={"keypair": body})
    assert imported.json["keypair"]["fingerprint"] == made["fingerprint"]
    refused = cloud.post(KEYPAIRS, version="2.2", json={"keypair": {**body, "name": "x", "public_key": KEY}})
    assert refused.status_code == 400


def test_a_certificates_key_holds_up_no_writer(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes long to make: while it is made no transaction is open, and what is refused anyway makes none."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    generate, writing = rsa.generate_private_key, []

    def watched(*arguments: Any) -> Any:
        writing.append(cloud.database._one_writer.locked())
        return generate(*arguments)

    monkeypatch.setattr(rsa, "generate_private_key", watched)
    asked = {"keypair": {"name": "c", "type": "x509"}}
    assert [cloud.post(KEYPAIRS, version="2.2", json=asked).status_code for _ in range(2)] == [201, 409]
    assert writing == [False]


def test_the_edges_of_2_92(cloud: Any) -> None:
    body = {"name": "a@b.c", "public_key": KEY}
    assert cloud.post(KEYPAIRS, version="2.91", json={"keypair": body}).status_code == 400
    assert cloud.post(KEYPAIRS, version="2.92", json={"keypair": body}).status_code == 201
    assert cloud.post(KEYPAIRS, version="2.91", json={"keypair": {"name": "n"}}).status_code == 201
    assert cloud.post(KEYPAIRS, version="2.92", json={"keypair": {"name": "m"}}).status_code == 400
