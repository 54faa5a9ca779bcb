"""The report of a run of Tempest."""

from conformance.report import Outcome, passed, same, written

SERVER = "tempest.api.compute.servers.test_servers.ServersTest"
LISTED = [f"{SERVER}.{name}" for name in ("test_a", "test_b", "test_c", "test_d")] + ["tempest.api.other.Other.test_e"]
OUTCOMES = [
    Outcome(f"{SERVER}.test_a", "success", ""),
    Outcome(f"{SERVER}.test_b", "fail", "NotFound: server 2f1e53c6-5b0c-4b5f-a2a7-7a4b9b9d4c11 is absent"),
    Outcome(f"{SERVER}.test_c", "fail", "NotFound: server 11111111-5b0c-4b5f-a2a7-7a4b9b9d4c11 is absent"),
    Outcome(f"{SERVER}.test_d", "skip", "no vnc"),
    Outcome("setUpClass (tempest.api.other.Other)", "fail", "Conflict: 409"),
]


def test_a_score_counts_the_tests_that_passed_of_those_listed() -> None:
    assert passed(OUTCOMES) == 1
    assert passed([*OUTCOMES, OUTCOMES[0]]) == 1, "a test that ran twice counts once"
    assert passed([Outcome("setUpClass (x)", "success", "")]) == 0
    text = written("compute", LISTED, OUTCOMES)
    assert text.startswith("# compute\n\n**1 / 5** passed / listed.\n\nfail 3, skip 1, success 1\n1 without an outcome")


def test_equal_causes_stand_together() -> None:
    text = written("compute", LISTED, OUTCOMES)
    assert "## fail, 2: NotFound: server … is absent\n\n" + f"- {SERVER}.test_b\n- {SERVER}.test_c\n" in text
    assert "## fail, 1: Conflict: 409\n\n- setUpClass (tempest.api.other.Other)\n" in text
    assert text.index("fail, 2") < text.index("fail, 1") < text.index("skip, 1: no vnc")


def test_ids_and_numbers_of_a_run_are_no_part_of_a_cause() -> None:
    assert same("Server tempest-ServersTest-server-1234567 req-a1b2 took 60 s") == "Server … … took 60 s"
    assert same("") == "no cause given"
