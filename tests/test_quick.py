"""`make quick` chooses the right tests, and `make prove` finds its rows in docs/reliability.md."""

import pytest

from tests import prove, quick


def test_a_resource_leads_to_its_own_tests_first() -> None:
    found = quick.nearest(["src/kumoi/services/network/routers/logic.py"])
    assert found[0].startswith("tests/services/network/")
    assert "tests/services/network/routers/test_api.py" in found
    assert not any(path.startswith("tests/matrix") for path in found)


def test_what_everybody_imports_leads_to_everybody() -> None:
    found = quick.nearest(["src/kumoi/kernel/versions.py"])
    assert found.index("tests/kernel/test_versions.py") < found.index("tests/services/compute/flavors/test_api.py")


def test_a_helper_of_tests_leads_to_those_that_use_it() -> None:
    found = quick.nearest(["tests/services/compute/world.py"])
    assert "tests/services/compute/servers/test_create.py" in found
    assert "tests/kernel/test_versions.py" not in found


def test_its_words_are_explained_and_checked(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        quick.main(["--help"])
    assert ended.value.code == 0 and "usage: python -m tests.quick [-h] [against]" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        quick.main(["no-such-branch"])
    assert ended.value.code == 2 and "against: fatal: Not a valid object name no-such-branch" in capsys.readouterr().err


def test_every_long_form_has_its_row() -> None:
    page = prove.PAGE.read_text()
    for form in prove.FORMS:
        assert row_of(form, page), f"docs/reliability.md lacks a row for {form.command}"


def row_of(form: prove.Form, page: str) -> bool:
    return any(
        found[0].startswith(prove.row(form, "").removesuffix(" |").rstrip()) for found in prove.ROW.finditer(page)
    )


def test_the_dashboards_sources_lead_to_what_holds_for_them() -> None:
    assert quick.nearest(["dashboard/source/main.tsx"]) == ["tests/dashboard/test_sources.py"]
