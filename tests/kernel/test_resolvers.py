"""Which name servers guests get by default."""

from pathlib import Path

import pytest

from kumoi.kernel import resolvers
from kumoi.kernel.settings import Settings

STUB = "nameserver 127.0.0.53\noptions edns0\n"
REAL = "# mine\nnameserver 192.0.2.53\nnameserver 2001:db8::53\nnameserver fe80::1%eth0\nnameserver\nnameserver ::1\n"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    made = tmp_path / "systemd.conf", tmp_path / "resolv.conf"
    monkeypatch.setattr(resolvers, "FILES", made)
    return made


def test_those_of_the_host_that_guests_reach(files: tuple[Path, Path]) -> None:
    systemd, usual = files
    assert resolvers.default(Settings(), 4) == []
    usual.write_text(STUB)
    assert resolvers.default(Settings(), 4) == []
    usual.write_text(REAL)
    assert resolvers.default(Settings(), 4) == ["192.0.2.53"]
    assert resolvers.default(Settings(), 6) == ["2001:db8::53"]
    systemd.write_text("".join(f"nameserver 198.51.100.{number // 2}\n" for number in range(8)))
    assert resolvers.default(Settings(), 4) == ["198.51.100.0", "198.51.100.1", "198.51.100.2"]


def test_those_of_the_setting_go_before(files: tuple[Path, Path]) -> None:
    files[1].write_text(REAL)
    chosen = Settings(dns_servers="203.0.113.1, 203.0.113.2,2001:db8::1")
    assert resolvers.default(chosen, 4) == ["203.0.113.1", "203.0.113.2"]
    assert resolvers.default(chosen, 6) == ["2001:db8::1"]
    assert resolvers.default(Settings(dns_servers="none"), 4) == []


def test_a_process_without_a_cloud_has_none(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    files[1].write_text(REAL)
    monkeypatch.setattr(resolvers, "_settings", None)
    assert resolvers.of_guests(4) == []
    resolvers.use(Settings())
    assert resolvers.of_guests(4) == ["192.0.2.53"]
