"""The dashboard's sources: texts, size, types' users, and their own tests."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from tests.end_to_end.clouds import REPOSITORY

SOURCES = REPOSITORY / "dashboard"
STATIC = REPOSITORY / "src" / "kumoi" / "dashboard" / "static"
FIRST_LOAD = 200_000
"""Bytes, compressed."""
NAMES = {"AWS CLI", "CSV", "JSON", "Terraform", "clouds.yaml", "openrc", "rclone"}
"""Texts that are the same in every language."""


def scripts(*words: str) -> None:
    command = [sys.executable, str(REPOSITORY / "scripts" / "dashboard.py"), *words]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def catalogues() -> dict[str, dict[str, Any]]:
    return {
        folder.name: {key: text for file in folder.glob("*.json") for key, text in json.loads(file.read_text()).items()}
        for folder in (SOURCES / "messages").iterdir()
    }


def forms(text: Any) -> list[str]:
    return [text] if isinstance(text, str) else list(text.values())


def test_every_language_has_every_text_with_the_same_values(catalogues: dict[str, dict[str, Any]]) -> None:
    english = catalogues["en"]
    for language, texts in catalogues.items():
        assert texts.keys() == english.keys(), f"{language}: {texts.keys() ^ english.keys()}"
        for key, text in texts.items():
            names = {name for form in forms(text) for name in re.findall(r"\{(\w+)\}", form)}
            assert names == {name for form in forms(english[key]) for name in re.findall(r"\{(\w+)\}", form)}, key
            assert isinstance(text, str) or "other" in text, key
            assert all(form.strip() for form in forms(text)), key


def test_every_text_that_is_asked_for_exists(catalogues: dict[str, dict[str, Any]]) -> None:
    for file in (SOURCES / "source").rglob("*.ts*"):
        for key in re.findall(r'\bt\("([\w.]+)"', file.read_text()):
            assert key in catalogues["en"], f"{file.name}: {key}"
    for file in (SOURCES / "source" / "resources").iterdir():
        for key in ("title", "one", "new", "none", "delete"):
            assert f"{file.stem}.{key}" in catalogues["en"], f"{file.stem}.{key}"


def test_every_field_input_and_action_has_a_title(catalogues: dict[str, dict[str, Any]]) -> None:
    english = catalogues["en"]
    for file in (SOURCES / "source" / "resources").iterdir():
        name, text = file.stem, file.read_text()
        for kind, block in (("field", "fields"), ("form", "inputs"), ("action", "actions")):
            for found in re.findall(rf"\b{block}: \[(.*?)\n  \]", text, re.DOTALL):
                for key in re.findall(r'\bname: "(\w+)"|\bplain\("(\w+)"', found):
                    wanted = key[0] or key[1]
                    known = {f"{name}.{kind}.{wanted}", f"{name}.field.{wanted}", f"{kind}.{wanted}", f"field.{wanted}"}
                    known |= {f"{name}.form.{wanted}"}
                    assert known & english.keys(), f"{name}: no title of {kind} {wanted}"


def compiled() -> dict[str, str]:
    """Each file of elements as the calls that it means."""
    binary = next((SOURCES / "node_modules" / "@esbuild").glob("linux-*/bin/esbuild"))
    found = {}
    for file in (SOURCES / "source").rglob("*.tsx"):
        argv = [str(binary), "--loader=tsx", "--jsx=automatic", "--jsx-import-source=preact"]
        done = subprocess.run(argv, input=file.read_text(), capture_output=True, text=True, check=True)
        found[file.name] = done.stdout
    return found


def texts_in(code: str) -> set[str]:
    """Literal texts that would stand in the page: children of elements, and attributes that people read or hear."""
    code = re.sub(r'\bjsxs?\(\s*"[\w-]+"', "element(", code)
    literal = r'"((?:[^"\\]|\\.)*)"'
    found = set(re.findall(rf"\bchildren: {literal}", code))
    for children in re.findall(r"\bchildren: \[(.*?)\n? *\]", code, re.DOTALL):
        found |= set(re.findall(rf"^\s*{literal},?$", children, re.MULTILINE))
    found |= set(re.findall(rf'(?:\btitle|"?aria-label"?|\bplaceholder|\balt|\blabel|\bhint): {literal}', code))
    return {text for text in found if re.search(r"[^\W\d_]{2}", text)} - NAMES


def test_no_text_is_in_code() -> None:
    scripts("build")
    assert {name: texts for name, code in compiled().items() if (texts := texts_in(code))} == {}


def test_the_search_for_texts_finds_them() -> None:
    code = 'jsx("p", { title: "Some words", children: "Hello" });\n children: [\n "More",\n x\n ]'
    assert texts_in(code) == {"Some words", "Hello", "More"}


def test_nothing_is_written_as_html_or_kept_where_others_read_it() -> None:
    for file in (SOURCES / "source").rglob("*.ts*"):
        text = file.read_text()
        for word in (
            "dangerouslySetInnerHTML",
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "eval(",
            "sessionStorage",
        ):
            assert word not in text, f"{file.name}: {word}"
        assert "localStorage" not in text or file.name == "remembered.ts"


def test_the_first_load_is_small() -> None:
    scripts("build")
    page = (STATIC / "index.html").read_text()
    assert "<script>" not in page and "<style" not in page and " style=" not in page and "http" not in page
    parts = [STATIC / "index.html.gz"]
    parts += [STATIC / f"{name.lstrip('/')}.gz" for name in set(re.findall(r'(?:src|href)="([^"]+)"', page))]
    languages = [file for file in STATIC.glob("assets/*.js.gz") if re.match(r"[a-z]{2}-", file.name)]
    assert len(languages) >= 2
    size = sum(part.stat().st_size for part in parts) + max(file.stat().st_size for file in languages)
    print(f"first load: {size} bytes compressed")
    assert size <= FIRST_LOAD


def test_its_own_tests() -> None:
    scripts("test")


def test_a_build_without_changes_does_nothing() -> None:
    scripts("build")
    before = {path: path.stat().st_mtime_ns for path in STATIC.rglob("*")}
    scripts("build")
    assert {path: path.stat().st_mtime_ns for path in STATIC.rglob("*")} == before
