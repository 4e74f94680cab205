"""Jinja's code generator, which also writes down where each piece of the text comes from.

Text of a file and the products of its expressions are yielded one by one through `Trail.at`, with
the line that made them; Jinja itself would join them and keep no line for text.
"""

from typing import Any, Final

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame

_TEXT: Final = "False"
_PRODUCT: Final = "mark()"


class TracingGenerator(CodeGenerator):
    """Writes a template's Python with its trail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._line: int | None = None
        self._brackets: list[str] = []
        """To be closed where a write ends."""
        self._macro: nodes.Macro | None = None

    def write_commons(self) -> None:
        """Bring the trail within reach of a render function."""
        super().write_commons()
        self.writeline("at = environment.trail.at")
        self.writeline("mark = environment.trail.mark")

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:  # noqa: N802 -- Jinja's name
        """Yield each piece with its line; inside a buffer (a macro) the pieces have none."""
        if frame.buffer is not None:
            self._line = None
            super().visit_Output(node, frame)
            return
        for child in node.nodes:
            self._line = child.lineno
            alone = nodes.Output([child])
            alone.lineno = child.lineno
            super().visit_Output(alone, frame)
        self._line = None

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        # What an expression makes is made while limits hold, and never while compiling.
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)

    def _output_const_repr(self, group: Any) -> str:
        text = super()._output_const_repr(group)
        return text if self._line is None else f"{self._at(self._line, _TEXT)}{text})"

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if self._line is not None:
            self.write(self._at(self._line, _PRODUCT))
        super()._output_child_pre(node, frame, finalize)

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        super()._output_child_post(node, frame, finalize)
        if self._line is not None:
            self.write(")")

    def _at(self, line: int, kind: str) -> str:
        return f"at({self.name!r}, {line}, {kind}, "

    def start_write(self, frame: Frame, node: nodes.Node | None = None) -> None:
        """Begin to yield what a call or filter block or a recursive loop makes."""
        super().start_write(frame, node)
        traced = frame.buffer is None and node is not None
        # Jinja takes what a block of a filter or call makes as it is: it may be a secret
        shown = isinstance(node, nodes.FilterBlock | nodes.CallBlock)
        self._brackets.append(")" * (traced + shown))
        if traced and node is not None:
            self.write(self._at(node.lineno, _PRODUCT))
        if shown:
            self.write("environment.finalize(")

    def end_write(self, frame: Frame) -> None:
        """End what `start_write` began."""
        self.write(self._brackets.pop())
        super().end_write(frame)

    def visit_Macro(self, node: nodes.Macro, frame: Frame) -> None:  # noqa: N802 -- Jinja's name
        """Let a macro say when it begins."""
        self._macro = node
        super().visit_Macro(node, frame)

    def buffer(self, frame: Frame) -> None:
        """Open a buffer; the first one of a macro is the begin of its body."""
        super().buffer(frame)
        node, self._macro = self._macro, None
        if node is not None:
            self.writeline(f"environment.trail.enter({node.name!r}, {self.name!r}, {node.lineno})")

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 -- Jinja's name
        """Join texts under the limit of their size."""
        self.write("environment.joined((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_Include(self, node: nodes.Include, frame: Frame) -> None:  # noqa: N802 -- Jinja's name
        """Walk an included file's own pieces, with or without context."""
        local = self.dump_local_context(frame) if node.with_context else "None"
        place = (self.name, node.lineno)
        self.writeline(f"for event in environment.included(context, {local}, {place!r}, ", node)
        self.visit(node.template, frame)
        self.write(f", {bool(node.ignore_missing)}):")
        self.indent()
        self.simple_write("event", frame)
        self.outdent()
