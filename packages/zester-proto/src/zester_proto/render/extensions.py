"""Salt's tags: `load_yaml`, `load_json`, `load_text`, and `import_` for the same three.

`{% load_X as NAME %}...{% endload %}` renders its body and reads it as X;
`{% import_X "file" as NAME with context %}` does so with a file.
"""

from typing import Any

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

_FORMATS = ("yaml", "json", "text")


class DataTags(Extension):
    """Reads data in a template."""

    tags = {  # noqa: RUF012 -- Jinja's own class declares it for instances
        f"{verb}_{kind}" for verb in ("load", "import") for kind in _FORMATS
    }

    def parse(self, parser: Parser) -> nodes.Node:
        """Parse one of the tags."""
        verb, _, kind = parser.stream.current.value.partition("_")
        return self._load(parser, kind) if verb == "load" else self._import(parser, kind)

    def _load(self, parser: Parser, kind: str) -> nodes.Node:
        line = next(parser.stream).lineno
        parser.stream.expect("name:as")
        target = parser.parse_assign_target()
        body = parser.parse_statements(("name:endload",), drop_needle=True)
        reader = nodes.Filter(None, f"load_{kind}", [], [], None, None)
        return nodes.AssignBlock(target, reader, body).set_lineno(line)

    def _import(self, parser: Parser, kind: str) -> nodes.Node:
        line = parser.stream.current.lineno
        node = parser.parse_import()
        arguments: list[Any] = [
            nodes.DerivedContextReference() if node.with_context else nodes.ContextReference(),
            nodes.Const(kind),
            node.template,
            nodes.Const((parser.name or "", line)),
            nodes.Const(bool(node.with_context)),
        ]
        call = nodes.Call(nodes.EnvironmentAttribute("imported"), arguments, [], None, None)
        return nodes.Assign(nodes.Name(node.target, "store"), call).set_lineno(line)
