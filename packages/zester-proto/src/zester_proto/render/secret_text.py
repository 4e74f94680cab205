"""Secrets in templates of settings: texts that stay apart from what stands around them.

What `secret('NAME')` gives prints as a placeholder, one word of letters and digits, which YAML
reads back as it is; `Secrets.revealed` puts the value in its place when the text has been read.
So a value with a colon, a quote or a line break is one text wherever it is printed, and it is
known which settings hold a secret. What `~`, `+`, `%`, a method or a filter makes of such a text
is such a text again; filters that write YAML or JSON write the placeholder.
"""

import functools
import re
import secrets as randomness
from collections.abc import Callable, Iterator
from typing import Any, Final, Self, cast

from zester_proto.errors import ZesterError
from zester_proto.render.kinds import is_list, is_map, is_tuple
from zester_proto.render.nodes import Node

SECRET: Final = "!secret"  # noqa: S105  # a tag
ENCRYPTED: Final = "!encrypted"

Lookup = Callable[[str], str | None]
"""Gives a secret's value by its name, or None where there is none."""

_SYNTAX: Final = frozenset({
    "dict_to_sls_yaml_params", "indent", "json", "load_text", "python", "tojson", "trim", "yaml",
    "yaml_dquote", "yaml_encode", "yaml_squote",
})  # fmt: skip
"""Filters that write a format, or only lay out: their texts keep the placeholders."""

_READING: Final = frozenset({"load_json", "load_yaml"})
"""Filters that read a format, and keep the placeholders that stand in it."""


class NoSecret(ZesterError):
    """Raised when a template asks for a secret that this peel does not have."""


class SecretText(str):
    """A secret's value, or what was made of one.

    Attributes:
        placeholder: what a template prints in its place.
    """

    __slots__ = ("placeholder",)

    placeholder: str

    def __deepcopy__(self, _memo: Any) -> Self:
        """Stay what it is in a copy of the settings."""
        return self


class Secrets:
    """The secrets of one compile.

    Args:
        lookup: gives their values; None: there are none.
    """

    def __init__(self, lookup: Lookup | None = None) -> None:
        self._lookup = lookup
        self._mark = f"zs{randomness.token_hex(12)}x"
        self._texts: list[SecretText] = []
        self._known: dict[str, SecretText] = {}

    @functools.cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(f"{self._mark}([0-9]+)z")

    @property
    def values(self) -> frozenset[str]:
        """All values that came out, and what was made of them."""
        return frozenset(self._known)

    @property
    def used(self) -> bool:
        """Whether any came out."""
        return bool(self._texts)

    def get(self, name: str) -> SecretText:
        """Give a secret by its name; this is what templates call `secret`.

        Raises:
            NoSecret: there is none.
        """
        value = self._lookup(str(name)) if self._lookup is not None else None
        if value is None:
            raise NoSecret(
                f"there is no secret {str(name)!r} for this peel",
                hint=f"zester-master secret set {name}",
            )
        return self.text(value)

    def text(self, value: str) -> SecretText:
        """Give a value as a text that is known as secret."""
        made = self._known.get(value)
        if made is None:
            made = self._known[value] = SecretText(value)
            made.placeholder = f"{self._mark}{len(self._texts)}z"
            self._texts.append(made)
        return made

    def tagged(self, node: Node, value: Any) -> Any:
        """Give what stands for a tagged node of YAML that a template reads."""
        if node.tag == SECRET and isinstance(value, str):
            return self.get(value)
        return self.text(value) if node.tag == ENCRYPTED and isinstance(value, str) else value

    def kept(self, made: Any, *sources: Any) -> Any:
        """Give what was made; a text that was made of secret ones is one too."""
        if not self._texts:
            # no look at what it was made of: that may be all facts, for one that `get` gave
            return made
        if type(made) is str and any(_is_of(made, one) for one in sources):
            return self.text(self.revealed(made))
        return made

    def parts(self, made: Any, source: Any) -> Any:
        """Give what was made of a text; where that was secret, all texts of it are, as of `split`.

        Those that merely stand in a list or map beside a secret are not.
        """
        return self._marked(made) if type(source) is SecretText else made

    def _marked(self, made: Any) -> Any:
        if is_map(made):
            return {key: self._marked(one) for key, one in made.items()}
        if is_list(made):
            return [self._marked(one) for one in made]
        if is_tuple(made):
            return tuple(self._marked(one) for one in made)
        return self.text(made) if type(made) is str and made else made

    def is_in(self, text: str) -> bool:
        """Say whether a text holds a placeholder."""
        return self._mark in text

    def revealed(self, text: str) -> str:
        """Give a text with the values in place of the placeholders."""
        return self._pattern.sub(lambda found: str(self._texts[int(found[1])]), text)

    def filter(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Give a filter that treats secrets as the module's text says."""
        if name in _READING:
            return self._reading(function)
        return self._writing(function) if name in _SYNTAX else self.making(function)

    def _writing(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def write(*args: Any, **kwargs: Any) -> Any:
            return function(*(placed(one) for one in args), **kwargs)

        return write

    def _reading(self, function: Callable[..., Any]) -> Callable[..., Any]:
        making, writing = self.making(function), self._writing(function)

        @functools.wraps(function)
        def read(*args: Any, **kwargs: Any) -> Any:
            is_whole = any(type(one) is SecretText for one in args)
            return (making if is_whole else writing)(*args, **kwargs)

        return read

    def making(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Give a filter whose texts are secret where it makes them of secret ones."""
        # before the value some get the environment, or what is made of it
        value = int(hasattr(function, "jinja_pass_arg"))

        @functools.wraps(function)
        def make(*args: Any, **kwargs: Any) -> Any:
            if not self._texts:
                return function(*args, **kwargs)
            args = tuple(self._plain(one) for one in args)
            kwargs = {name: self._plain(one) for name, one in kwargs.items()}
            made = self.kept(function(*args, **kwargs), *args, *kwargs.values())
            return self.parts(made, args[value])

        return make

    def _plain(self, value: Any) -> Any:
        """Give what a filter is to see: a text that a macro or block made with what is in it.

        One of several lines is no secret as a whole: it may be a part of the file.
        """
        if isinstance(value, Iterator):
            return list(cast("Iterator[Any]", value))
        if type(value) is not str or self._mark not in value:
            return value
        whole = self._pattern.fullmatch(value)
        if whole:
            return self._texts[int(whole[1])]
        return self.revealed(value) if "\n" in value else self.text(self.revealed(value))


def placed(value: Any) -> Any:
    """Give data with placeholders for its secrets."""
    if type(value) is SecretText:
        return value.placeholder
    if not _holds_secret(value):
        return value
    if is_map(value):
        return {key: placed(one) for key, one in value.items()}
    return [placed(one) for one in value]


def _is_of(made: str, source: Any) -> bool:
    """Say whether a text was made of a secret; one that was only picked from beside it was not."""
    if type(source) is SecretText:
        return True
    texts = list(_texts(source)) if _holds_secret(source) else []
    return bool(texts) and not any(type(one) is str and one == made for one in texts)


def _texts(value: Any) -> Iterator[str]:
    if is_map(value):
        for key, one in value.items():
            yield from _texts(key)
            yield from _texts(one)
    elif is_list(value) or is_tuple(value):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value


def _holds_secret(value: Any) -> bool:
    if is_map(value):
        return any(_holds_secret(one) for one in value.values())
    if is_list(value) or is_tuple(value):
        return any(_holds_secret(one) for one in value)
    return type(value) is SecretText
