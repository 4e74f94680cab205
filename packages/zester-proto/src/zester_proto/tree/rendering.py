"""What a tree's files are rendered by: on a peel with its functions, on a master without."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from zester_proto.render.nodes import Dialect

if TYPE_CHECKING:  # a tree is read by some who do not render, and have no Jinja
    from zester_proto.render.renderer import Rendered
    from zester_proto.render.secret_text import Secrets


class Rendering(Protocol):
    """Renders for one peel and one compile.

    Attributes:
        settings: what templates see as `settings` and `pillar`; a compile of settings fills it.
        secrets: what its templates of settings may ask for.
        called: names of the functions that looked at more than facts and settings.
    """

    settings: dict[str, Any]
    secrets: "Secrets"
    called: set[str]

    def is_meant(self, expression: str, kind: str = "compound") -> bool:
        """Say whether a target means this peel.

        Raises:
            TargetError: it is malformed.
        """
        ...

    def render(
        self,
        env: str,
        path: str,
        extra: Mapping[str, Any],
        *,
        dialect: Dialect = "sls",
        text: str | None = None,
        source: bool = False,
    ) -> "Rendered":
        """Render a file of the tree, or a text that stands for it."""
        ...
