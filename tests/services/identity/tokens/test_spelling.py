"""A token has one spelling, and links one beginning."""

import string

import pytest

from tests.services.identity.cloud import IdentityCloud

ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


def spellings(token: str) -> list[str]:
    """Other texts that a lenient decoder decodes to the same bytes."""
    last = ALPHABET.index(token[-1])
    unused = [token[:-1] + ALPHABET[last ^ bit] for bit in (1, 2, 3)] if len(token) % 4 else []
    inside = [token[:9] + sign + token[9:] for sign in " *=~"]
    return [token + "=", token + "==", token + "====", *inside, *unused]


def test_equal_spellings_are_refused(cloud: IdentityCloud, member: str) -> None:
    assert cloud.check(member).status_code == 200
    for other in spellings(member):
        assert cloud.check(other, member).status_code == 401, other
        assert cloud.check(member, other).status_code == 404, other


def test_links_begin_with_what_the_settings_say(
    cloud: IdentityCloud, member: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud.settings, "public_url", "https://cloud.example")
    for path in ("/identity/v3", "/identity", "/identity/v3/auth/projects"):
        answered = cloud.get(path, headers={"Host": "evil.example"}, as_=member)
        assert "evil" not in answered.text and "https://cloud.example/identity" in answered.text
