"""Serial logs: their end, and their bound."""

from pathlib import Path

from kumoi.engines.hypervisor import console


def test_last_lines() -> None:
    assert console.last_lines("a\nb\nc", 2) == "b\nc"
    assert console.last_lines("a\nb\n", 9) == "a\nb\n"
    assert console.last_lines("a\nb\n", None) == console.last_lines("a\nb\n", -1) == "a\nb\n"
    assert console.last_lines("a\n", 0) == ""


def test_a_log_is_cut_to_its_end_and_the_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "console.log"
    with log.open("ab", buffering=0) as guest:
        guest.write(b"old\n" * (console.LARGEST // 4))
        console.cut(log)
        assert log.stat().st_size == console.LARGEST, "it is cut only when larger"
        guest.write(b"newest\n")
        console.cut(log)
        assert log.stat().st_size == console.KEPT
        guest.write(b"after\n")
    assert console.tail(log).endswith("old\nnewest\nafter\n")
    assert console.tail(log, 6) == "after\n"
    console.cut(tmp_path / "none")
    assert console.tail(tmp_path / "none") == ""
