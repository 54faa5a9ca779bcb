"""Writes the TypeScript types of every service's replies and bodies from the services' OpenAPI documents."""

import json
import re
import sys
from pathlib import Path
from typing import Any

from kumoi import app
from kumoi.kernel import openapi
from kumoi.kernel.routes import declared

REFERENCE = "#/components/schemas/"


def pascal(text: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[\W_]+", text))


def candidates(key: str) -> list[str]:
    """Names for a schema, shortest first: its own, with its resource's, with its whole module's."""
    parts = key.split(".")
    own = parts[-1]
    if parts[:2] != ["kumoi", "services"]:
        return [pascal(own)]
    return [pascal(parts[3]) + own, pascal("_".join(parts[3:-1])) + own]


def names_of(keys: list[str], prefix: str) -> dict[str, str]:
    """Schema → its name in TypeScript."""
    found: dict[str, str] = {}
    for key in keys:
        for name in candidates(key.removeprefix(prefix)):
            if name not in found.values():
                found[key] = name
                break
        else:
            raise SystemExit(f"two schemas have the name of {key}")
    return found


def written(schema: dict[str, Any], names: dict[str, str]) -> str:
    if "$ref" in schema:
        return names[schema["$ref"].removeprefix(REFERENCE)]
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(written(each, names) for each in schema["anyOf"]))
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(written({**schema, "type": each}, names) for each in kind)
    if kind == "array":
        return f"Array<{written(schema.get('items') or {}, names)}>"
    if kind == "object":
        return of_object(schema, names)
    return {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}.get(
        str(kind), "unknown"
    )


def of_object(schema: dict[str, Any], names: dict[str, str]) -> str:
    more = schema.get("additionalProperties")
    if "properties" not in schema:
        return f"Record<string, {written(more, names) if isinstance(more, dict) and more else 'unknown'}>"
    required = set(schema.get("required", ()))
    fields = [
        f"{json.dumps(name)}{'' if name in required else '?'}: {written(each, names)}"
        for name, each in schema["properties"].items()
    ]
    text = "{ " + "; ".join(fields) + " }"
    return f"{text} & Record<string, unknown>" if more is True else text


def document(schemas: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    replies = [key for key in schemas if key.startswith("reply.")]
    bodies = [key for key in schemas if not key.startswith(("reply.", "query."))]
    names = names_of(replies, "reply.")
    lines += [f"  export type {name} = {written(schemas[key], names)};" for key, name in names.items()]
    asked = names_of(bodies, "")
    lines.append("  export namespace asked {")
    lines += [f"    export type {name} = {written(schemas[key], asked)};" for key, name in asked.items()]
    lines.append("  }")
    return lines


def main(target: Path) -> None:
    app.load_services()
    lines = ["// Generated from the services' OpenAPI documents by scripts/dashboard_types.py."]
    for name, service in sorted(declared.items()):
        schemas = openapi.document(service, "")["components"]["schemas"]
        lines += [f"export declare namespace {name} {{", *document(schemas), "}"]
    text = "\n".join(lines) + "\n"
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists() or target.read_text() != text:
        target.write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
