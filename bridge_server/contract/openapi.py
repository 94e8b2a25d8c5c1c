"""The OpenAPI document, made out of the table of calls: `python -m bridge_server.contract.openapi` writes
it.

The file is committed: the components take help texts and paths from it, and the server answers it at /openapi.json.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bridge_server.contract.base import ErrorBody
from bridge_server.contract.calls import API_VERSION, CALLS, Call
from bridge_server.contract.media import JSON
from ganmnist.config import Form
from ganmnist.glossary import glossary

FILE = Path(__file__).with_name("openapi.json")
# What answers twice over: a call that starts something, or finds that it was started already.
_STARTS = {
    "run_start": ("The run that was there already: same key, or same model.", "A new run."),
    "sweep_start": ("The sweep that was there already: same key, or same name and settings.", "A new sweep."),
}
_REF = "#/components/schemas/{model}"
# What pydantic calls a bound, and leaves so in the schema of a whole number that may be null.
_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


def document() -> dict[str, Any]:
    """Return the whole document: one operation per call, one schema per message."""
    models: set[type[BaseModel]] = {ErrorBody}
    for call in CALLS:
        models.update(model for model in (call.request, call.reply) if model)
    ordered = sorted(models, key=lambda model: model.__name__)
    # One schema per message for both directions: `validation` describes what may be left out of a request.
    _, raw = models_json_schema([(model, "validation") for model in ordered], ref_template=_REF)
    schemas = tidy(raw)
    paths: dict[str, dict[str, Any]] = {}
    for call in CALLS:
        paths.setdefault(call.path, {})[call.method.lower()] = _operation(call, schemas["$defs"])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ganmnist",
            "version": str(API_VERSION),
            "description": "A GAN that draws digits, as geometry for Rhino. Every failure has the body ErrorBody.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "http://127.0.0.1:28280", "description": "The address stands in the file server.json."}],
        "security": [{"token": []}],
        "paths": paths,
        "x-forms": _forms(),
        "x-glossary": {term.name: {"says": term.says, "also": list(term.also)} for term in glossary()},
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "The token in the file server.json."}
            },
            "schemas": schemas["$defs"],
        },
    }


def _forms() -> dict[str, dict[str, Any]]:
    """Return what a client must know of each form: pieces, measures, the files that hold it, what to say of which."""
    from ganmnist.export.write import endings_for, remarks_on
    from ganmnist.geometry.forms import FORMS

    return {
        form: {
            "pieces": FORMS[form].piece.__name__ if form in FORMS else None,
            "measures": FORMS[form].measures() if form in FORMS else [],
            "formats": [ending[1:] for ending in endings_for(form)],
            "remarks": {ending[1:]: said[0] for ending in endings_for(form) if (said := remarks_on(ending, form))},
        }
        for form in get_args(Form)
    }


def text() -> str:
    """Return the document as the file holds it."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def tidy(schema: Any) -> Any:
    """Call bounds in a schema of pydantic's by their right names, and put help texts beside the field, not the null."""
    if isinstance(schema, list):
        return [tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    tidied = {_BOUNDS.get(key, key): tidy(value) for key, value in schema.items()}
    for kind in tidied.get("anyOf", []):
        if "description" in kind:
            tidied.setdefault("description", kind["description"])
    return tidied


def _operation(call: Call, schemas: dict[str, Any]) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", call.path)
    ]
    operation: dict[str, Any] = {"operationId": call.name, "summary": call.summary}
    in_query = call.method == "GET" or call.takes != JSON
    if call.request and in_query:
        required = schemas[call.request.__name__].get("required", [])
        for name, schema in schemas[call.request.__name__]["properties"].items():
            parameters.append({"name": name, "in": "query", "required": name in required, "schema": schema})
    elif call.request:
        operation["requestBody"] = {"required": True, "content": {call.takes: {"schema": _ref(call.request)}}}
    if call.takes != JSON:
        operation["requestBody"] = {"required": True, "content": {call.takes: {}}}
    if parameters:
        operation["parameters"] = parameters
    if call.public:
        operation["security"] = []
    kinds = (call.gives,) if isinstance(call.gives, str) else call.gives
    answer = {kind: {"schema": _ref(call.reply)} if call.reply else {} for kind in kinds}
    operation["responses"] = {"201" if call.creates else "200": {"description": "Success.", "content": answer}}
    if call.name in _STARTS:
        there, new = _STARTS[call.name]
        operation["responses"]["200"]["description"] = there
        operation["responses"]["201"] = {"description": new, "content": answer}
    failure = {"application/json": {"schema": _ref(ErrorBody)}}
    operation["responses"]["default"] = {"description": "Failure.", "content": failure}
    return operation


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}


def main() -> None:
    """Write the committed file."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    FILE.write_text(text(), encoding="utf-8", newline="\n")
    print(f"wrote {FILE.name}: {len(CALLS)} calls")


if __name__ == "__main__":
    main()
