"""What resources take, as JSON Schema: for editors and for people."""

from typing import Any

import msgspec

from zester_modules.docstring import read_doc
from zester_modules.params import default_of, help_of, kind, parameters
from zester_modules.resource import AnyResource
from zester_modules.words import Kind

_TYPES = {
    "text": "string", "whole number": "integer", "number": "number", "true or false": "boolean",
}  # fmt: skip


def schema(resource: AnyResource) -> dict[str, Any]:
    """Give the schema of one resource's arguments."""
    doc = read_doc(resource.params.__doc__)
    fields = parameters(resource)
    return {
        "title": resource.name,
        "description": f"{doc.summary}\n\n{doc.text}".strip(),
        "type": "object",
        "kind": resource.kind,
        "properties": {
            name: _property(kind(field.type), help_of(field), default_of(field))
            for name, field in fields.items()
        },
        "required": [name for name, field in fields.items() if field.required and name != "name"],
        "additionalProperties": resource.open,
    }


def _property(takes: Kind, text: str, default: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"description": text, "takes": takes.label}
    if takes.choices:
        found["enum"] = list(takes.choices)
    elif takes.label in _TYPES:
        found["type"] = _TYPES[takes.label]
    elif takes.label.startswith("list of ") and " or " not in takes.label:
        found["type"] = ["array", "string"]
    elif takes.label.startswith("map of "):
        found["type"] = "object"
    if default is not None:
        found["default"] = msgspec.to_builtins(default)
    return found
