"""The sandbox that a tree's templates run in: Jinja's, with a trail, limits and Salt's imports."""

import posixpath
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from jinja2 import (
    BaseLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
    TemplateSyntaxError,
    nodes,
)
from jinja2.exceptions import TemplateRuntimeError
from jinja2.runtime import Context, Macro
from jinja2.sandbox import SandboxedEnvironment

from zester_proto.codec import digest
from zester_proto.render import bounds
from zester_proto.render.code_cache import CodeCache, basis
from zester_proto.render.codegen import TracingGenerator
from zester_proto.render.data import TextReader
from zester_proto.render.extensions import DataTags
from zester_proto.render.kinds import is_map
from zester_proto.render.nodes import Dialect
from zester_proto.render.secret_text import Secrets, SecretText
from zester_proto.render.shown import shown
from zester_proto.render.trail import LineBuilder, Trail
from zester_proto.secrets.watched import Reads

Read = Callable[[str], bytes | None]
"""Returns the bytes of a file of the tree by its path from the root, or None."""

_EXTENSIONS: Final = ("jinja2.ext.do", "jinja2.ext.loopcontrols", DataTags)
_SCHEMES: Final = ("salt://", "zester://")


class NotText(Exception):
    """Raised when a file that a template wants is no UTF-8 text.

    Attributes:
        path: of the file.
        line: the first that is none.
        hint: what it may be, and what to do.
    """

    def __init__(self, path: str, line: int, data: bytes = b"") -> None:
        super().__init__(f"line {line} of {path} is no UTF-8 text")
        self.path = path
        self.line = line
        self.hint = "save it as UTF-8: `iconv -f latin1 -t utf-8` makes such of an old text"
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            self.hint = "it is UTF-16: save it as UTF-8"
        elif b"\0" in data:
            self.hint = "it is no text at all, but a binary file: take it away or rename it"


class TreeEnvironment(SandboxedEnvironment):
    """Made anew for each file that is rendered, as in Salt: what it loads is nobody else's.

    Attributes:
        trail: where the render is.
        sources: the text of each file that was loaded, by path.
        dialect: how `load_yaml` and `import_yaml` read.
        secrets: for files of settings.

    Args:
        read: gives the files of the tree.
        codes: where compiled templates are kept.
        dialect: see above.
        options: Jinja's own.
        undefined: what stands for a name that is not there.
        words: which filters and tests there are (`words_of`): code depends on it.
        secrets: see above.
        reads: counts reads of secrets.
    """

    code_generator_class = TracingGenerator
    intercepted_binops = frozenset(bounds.OPERATORS)

    def __init__(
        self,
        read: Read,
        codes: CodeCache,
        dialect: Dialect,
        options: Mapping[str, Any],
        undefined: type[StrictUndefined],
        *,
        words: bytes = b"",
        secrets: Secrets | None = None,
        reads: Reads | None = None,
    ) -> None:
        super().__init__(
            **options,
            extensions=_EXTENSIONS,
            loader=_Loader(read, codes, repr(sorted(options.items())).encode() + b"\0" + words),
            undefined=undefined,
            finalize=shown,
            optimized=False,
            auto_reload=False,
            cache_size=-1,
        )
        self.binop_table.update(bounds.OPERATORS)
        self.globals.pop("lipsum", None)
        self.trail = Trail(reads)
        self.sources: dict[str, str] = {}
        self.dialect: Dialect = dialect
        self.secrets = secrets

    def join_path(self, template: str, parent: str) -> str:
        """Return the path of a file that another one names.

        Raises:
            TemplateNotFound: it lies outside of the tree.
        """
        if self.secrets is not None and (
            type(template) is SecretText or self.secrets.is_in(template)
        ):
            raise TemplateRuntimeError("a secret cannot be the name of a file")
        path = template
        for scheme in _SCHEMES:
            path = path.removeprefix(scheme)
        if path.split("/", 1)[0] in {".", ".."}:
            path = posixpath.join(posixpath.dirname(parent), path)
        path = posixpath.normpath(path)
        if path.startswith(("/", "../")) or path in {".", ".."}:
            raise TemplateNotFound(template, f"{template} lies outside of the tree")
        return path

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Let `format` of texts be the sandbox's, and bounded."""
        wrapped = super().wrap_str_format(value)
        return None if wrapped is None else bounds.bounded_format(str(value.__self__), wrapped)

    def call(self, context: Context, function: Any, /, *args: Any, **kwargs: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride] -- theirs has the same names with underscores
        """Call something for a template."""
        bounds.check_call(function, args, kwargs)
        made = super().call(context, function, *args, **kwargs)
        if self.secrets is None:
            return made
        owner = getattr(function, "__self__", None)
        if isinstance(function, Macro):
            return made  # it prints placeholders
        # what `get` of a map gives was picked; to look for it there is to look at all facts
        picked = is_map(owner) and function.__name__ == "get"
        made = self.secrets.kept(made, *(() if picked else (owner,)), *args, *kwargs.values())
        return self.secrets.parts(made, owner)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Use an operator for a template."""
        made = super().call_binop(context, operator, left, right)
        return made if self.secrets is None else self.secrets.kept(made, left, right)

    def joined(self, parts: tuple[Any, ...]) -> str:
        """Join texts; compiled templates call this for `~`."""
        made = bounds.joined(parts)
        return made if self.secrets is None else self.secrets.kept(made, *parts)

    def included(
        self, context: Context, local: Mapping[str, Any] | None, place: tuple[str, int], *names: Any
    ) -> Iterator[str]:
        """Yield the pieces of an included file; compiled templates call this.

        Args:
            context: of the file that includes.
            local: its local names; None without context.
            place: the file that includes, and its line.
            names: the file, or a list of which the first that is there counts; a True behind it
                says that a file that is not there is nothing.
        """
        wanted, ignore_missing = names
        try:
            template = self.get_or_select_template(wanted, place[0])
        except TemplateNotFound:
            if ignore_missing:
                return
            raise
        inner = (
            template.new_context()
            if local is None
            else template.new_context(context.get_all(), shared=True, locals=local)
        )
        with self.trail.inside(f"included by {place[0]}:{place[1]}"):
            yield from template.root_render_func(inner)

    def imported(
        self, context: Context, kind: str, name: Any, place: tuple[str, int], with_context: bool
    ) -> Any:
        """Render a file and read it as data; compiled templates call this for `import_yaml`."""
        template = self.get_template(name, place[0])
        path = template.name or place[0]
        inner = template.new_context(context.get_all() if with_context else None, with_context)
        outer, self.trail = self.trail, Trail()
        lines = LineBuilder(path)
        with self.trail.inside(f"imported by {place[0]}:{place[1]}"):
            for piece in template.root_render_func(inner):
                lines.add(piece, self.trail)
        self.trail = outer
        return TextReader(self.dialect, self.secrets).read(kind, lines.finish(self.sources), path)

    def template(self, path: str, text: str, skipped: int = 0) -> Template:
        """Return a template made of this text.

        Args:
            path: its name; relative imports begin beside it.
            text: what is compiled.
            skipped: the line of the source that is not in the text; 0 for none.
        """
        loader = self.loader
        assert isinstance(loader, _Loader)
        return loader.make(self, path, text, self.make_globals(names_of(path)), skipped)


def text_of(path: str, data: str | bytes) -> str:
    """Return the text of a file, its lines as Jinja counts them.

    Raises:
        NotText: it is no UTF-8.
    """
    if isinstance(data, bytes):
        try:
            data = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise NotText(path, line, data) from error
    return data.replace("\r\n", "\n").replace("\r", "\n")


def names_of(path: str) -> dict[str, str]:
    """Return what a file knows of its own place: `tplfile`, `tpldir`, `tpldot`, `tplroot`."""
    folder = posixpath.dirname(path)
    return {
        "tplfile": path,
        "tpldir": folder or ".",
        "tpldot": folder.replace("/", "."),
        "tplroot": folder.split("/", 1)[0] or ".",
    }


class _Loader(BaseLoader):
    """Makes templates of the tree's files."""

    def __init__(self, read: Read, codes: CodeCache, options: bytes) -> None:
        self._read = read
        self._codes = codes
        self._basis = basis() + b"\0" + options

    def load(self, environment: Any, name: str, globals: Any = None) -> Template:  # noqa: A002 -- Jinja's name
        """Return a template by its path."""
        data = self._read(name)
        if data is None:
            raise TemplateNotFound(name)
        text = environment.sources[name] = text_of(name, data)
        # Without context a file sees its own place; with it, what the importing one passes wins.
        globals.update(names_of(name))
        return self.make(environment, name, text, globals)

    def make(
        self, environment: TreeEnvironment, name: str, text: str, names: Any, skipped: int = 0
    ) -> Template:
        key = self._key(name, text, skipped)
        code = self._codes.get(key)
        if code is None:
            code = environment.compile(_parsed(environment, name, text, skipped), name, name)
            self._codes.put(key, code)
        return Template.from_code(environment, code, names)

    def _key(self, name: str, text: str, skipped: int) -> str:
        parts = (self._basis, name.encode(), str(skipped).encode(), text.encode())
        return digest(b"".join(len(one).to_bytes(8, "big") + one for one in parts)).hex()


def _parsed(environment: TreeEnvironment, name: str, text: str, skipped: int) -> nodes.Template:
    try:
        with warnings.catch_warnings():
            # Patterns such as '\\s+' are common, and Jinja reads them as Python's escapes.
            warnings.simplefilter("ignore", DeprecationWarning)
            tree = environment.parse(text, name, name)
    except TemplateSyntaxError as error:
        error.lineno += bool(skipped) and error.lineno >= skipped
        raise
    if skipped:
        for node in tree.find_all(nodes.Node):
            node.lineno += node.lineno >= skipped
    return tree


def words_of(*functions: Mapping[str, Any]) -> bytes:
    """Digest what code depends on: which filters and tests there are, and what each is passed."""
    words = "\0".join(
        ",".join(
            f"{name}:{getattr(function, 'jinja_pass_arg', '')}"
            for name, function in sorted(group.items())
        )
        for group in functions
    )
    return digest(words.encode())


def pieces(template: Template, context: Mapping[str, Any]) -> Iterable[str]:
    """Return the pieces that a template yields."""
    return template.root_render_func(template.new_context(dict(context)))


__all__ = ["NotText", "Read", "TreeEnvironment", "names_of", "pieces", "text_of", "words_of"]
