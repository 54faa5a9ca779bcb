"""`make new-service NAME=key_manager`, `make new-resource SERVICE=key_manager NAME=secrets`: write a skeleton that
passes `make check` and the tests. Templates are in scripts/skeleton/; docs/adding-a-service.md says what to fill in.

It writes into the tree whose root is the current folder, and refuses to overwrite.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path
from string import Template

TEMPLATES = Path(__file__).parent / "skeleton"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def words(name: str) -> str:
    return name.replace("_", " ")


def dashed(name: str) -> str:
    return name.replace("_", "-")


def titled(name: str) -> str:
    return "".join(word.title() for word in name.split("_"))


def singular(name: str) -> str:
    for end, one in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("s", "")):
        if name.endswith(end):
            return name.removesuffix(end) + one
    return name


def write(root: Path, kind: str, targets: dict[str, str], values: dict[str, str]) -> list[Path]:
    """`targets`: template → the file it becomes."""
    there = [path for path in targets.values() if (root / path).exists()]
    if there:
        sys.exit(f"{there[0]} is there already.")
    made = []
    for template, target in targets.items():
        path = root / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template((TEMPLATES / kind / template).read_text()).substitute(values))
        made.append(path)
    return made


def service(root: Path, name: str, code: str, version: str) -> None:
    values = {
        "service": name, "words": words(name).capitalize(), "type": dashed(name), "code": code or dashed(name),
        "version": version,
    }  # fmt: skip
    folder = f"src/kumoi/services/{name}"
    targets = {
        "__init__.txt": f"{folder}/__init__.py", "errors.txt": f"{folder}/errors.py",
        "service.txt": f"{folder}/service.py", "docs.txt": f"docs/{name}.md",
        "test_service.txt": f"tests/services/{name}/test_service.py",
    }  # fmt: skip
    told(root, write(root, "service", targets, values))


def resource(root: Path, service: str, many: str, one: str) -> None:
    folder = f"src/kumoi/services/{service}"
    package, docs = root / folder / "__init__.py", root / f"docs/{service}.md"
    if not package.exists():
        sys.exit(f"There is no service {service}: make new-service NAME={service}")
    one = one or singular(many)
    prefix = re.search(r'prefix="([^"]+)"', (root / folder / "service.py").read_text())
    assert prefix, "service.py declares its prefix"
    values = {
        "service": service, "many": many, "one": one, "words": words(many), "Words": words(many).capitalize(),
        "one_words": words(one), "One_words": words(one).capitalize(), "path": dashed(many), "One": titled(one),
        "QUOTA": one.upper(), "prefix": prefix[1],
    }  # fmt: skip
    rooms = ("__init__", "api", "errors", "logic", "models", "schemas", "store")
    targets = {f"{room}.txt": f"{folder}/{many}/{room}.py" for room in rooms}
    tests = f"tests/services/{service}/{many}"
    targets |= {"test_api.txt": f"{tests}/test_api.py", "example.txt": f"{tests}/example.py"}
    made = write(root, "resource", targets, values)
    package.write_text(with_place(package.read_text(), many))
    if docs.exists():
        docs.write_text(f"{docs.read_text().rstrip()}\n- {words(many)}: list, create, show, change, delete; a quota\n")
    environment = {**os.environ, "PYTHONPATH": str(root / "src")}
    command = [sys.executable, "-m", "kumoi.migrations", f"add {service} {words(many)}"]
    migration = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    if migration.returncode:
        sys.exit(f"The files are written, the migration is not: {migration.stderr.strip()[-2000:]}")
    told(root, [*made, package, Path(migration.stdout.strip())])


def with_place(text: str, name: str) -> str:
    """The service's `__init__.py` with the resource above all others in ORDER."""
    found = re.search(r"ORDER(?:: [^=]+)? = \((.*?)\)\n", text, re.DOTALL)
    assert found, "the service's __init__.py has no ORDER"
    names = [*re.findall(r'"(\w+)"', found[1]), name]
    return text.replace(found[0], "ORDER = (\n" + "".join(f'    "{each}",\n' for each in names) + ")\n")


def told(root: Path, paths: list[Path]) -> None:
    for path in paths:
        text = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
        sys.stdout.write(f"{text}\n")


def name_of(text: str) -> str:
    if not NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name like security_groups")
    return text


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/new.py", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    new_service = kinds.add_parser("service")
    new_service.add_argument("name", type=name_of, help="OpenStack's service type with underscores: key_manager")
    new_service.add_argument("--code", default="", help="the code name that catalogues carry: barbican")
    new_service.add_argument("--version", default="v1", help="the version in its paths: v2.0")
    new_resource = kinds.add_parser("resource")
    new_resource.add_argument("service", type=name_of)
    new_resource.add_argument("name", type=name_of, help="the API's noun, plural: secrets")
    new_resource.add_argument("--one", default="", help="its singular, where it is not the plural without s")
    asked = parser.parse_args()
    if asked.kind == "service":
        service(Path.cwd(), asked.name, asked.code, asked.version)
    else:
        resource(Path.cwd(), asked.service, asked.name, asked.one)


if __name__ == "__main__":
    main()
