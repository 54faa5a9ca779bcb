"""Static files of the dashboard: where they are built, where nginx reads them, and with which headers it sends them."""

import shutil
from pathlib import Path

from kumoi.kernel import accounts, durable
from kumoi.kernel.settings import Folder

BUILT = Path(__file__).parent / "static"
"""Written by scripts/dashboard.py. A cloud without it has no dashboard; its APIs are not affected."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Only this origin's files act in the page, none of them is inline, and no page may frame it. `frame-src` is for consoles."""
_HEADERS = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
)


def folder_of(folder: Folder) -> Path:
    return folder.run / "dashboard"


def is_built() -> bool:
    return (BUILT / "index.html").exists()


def place(folder: Folder) -> None:
    """Copy the built files to where nginx may read them. New files have new names, and index.html, which names them, is
    replaced last."""
    target = folder_of(folder)
    if not is_built():
        shutil.rmtree(target, ignore_errors=True)
        return
    for made in (target, target / "assets"):
        made.mkdir(exist_ok=True)
        accounts.give(made, 0o755)
    assets = sorted((BUILT / "assets").iterdir())
    for file in (*assets, BUILT / "index.html.gz", BUILT / "index.html"):
        durable.replace_for_now(target / file.relative_to(BUILT), file.read_bytes(), mode=0o644)
    kept = {file.name for file in assets}
    for file in (target / "assets").iterdir():
        if file.name not in kept:
            file.unlink()


def maps() -> str:
    """nginx's `$asks_page`: a browser opens an address that is not below a service's root ($refused_at is empty). Every
    other request at the same address is the API's."""
    return (
        '    map "$refused_at $request_method $http_accept" $asks_page { default ""; "~^ (GET|HEAD) .*text/html" 1; }\n'
    )


def locations(folder: Folder) -> str:
    """nginx's locations of the files. Deep links lead to index.html."""
    target = folder_of(folder)
    headers = "".join(f'            add_header {name} "{value}" always;\n' for name, value in _HEADERS)
    headers += (
        "            add_header Strict-Transport-Security $transport_security always;\n            gzip_static on;\n"
    )
    return (
        "        location / {\n"
        "            if ($asks_page) { rewrite ^ /_dashboard last; }\n"
        "            proxy_pass http://api;\n"
        "        }\n"
        "        location = /_dashboard {\n"
        "            internal;\n"
        '            default_type "text/html; charset=utf-8";\n'
        "            types { }\n"
        "            add_header Cache-Control no-cache always;\n"
        "            add_header Vary Accept always;\n"
        f"{headers}"
        f"            alias {target}/index.html;\n"
        "        }\n"
        "        location /assets/ {\n"
        '            add_header Cache-Control "public, max-age=31536000, immutable";\n'
        f"{headers}"
        f"            alias {target}/assets/;\n"
        "        }\n"
    )
