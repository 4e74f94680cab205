"""Makes of new settings what the next job would have to make, without rendering them.

Templates are compiled and kept, and files that are none are read as YAML. No template runs, so no
function of the host is called and nothing hangs on facts.
"""

import msgspec

from zester_modules.context import Context
from zester_modules.states.parsed_texts import ParsedTexts
from zester_modules.states.sealed_settings import cache_of, opened
from zester_modules.states.sealed_table import SealedTable
from zester_modules.states.settings_of import templates_of
from zester_modules.states.trees import SealedSettings
from zester_proto.render.environment import NotText, text_of
from zester_proto.render.lines import LineMap
from zester_proto.render.renderer import is_plain
from zester_proto.render.secret_text import Lookup
from zester_proto.render.yaml import load
from zester_proto.tree.files import TreeFiles
from zester_proto.tree.folders import dialect_of
from zester_proto.tree.reference import reference_of


class Made(msgspec.Struct):
    """How many files were made ready."""

    templates: int = 0
    texts: int = 0


def prepare(sealed: SealedSettings, context: Context) -> Made:
    """Make ready what a master sealed for this peel; what is wrong with it, the next job says.

    Args:
        sealed: what the agent has opened.
        context: the peel.

    Raises:
        Refused: a file cannot be opened.
    """
    secret = sealed.bundle.secrets.get
    return make_ready(opened(sealed), context, cache_of(sealed).made(), secret=secret)


def make_ready(
    tree: TreeFiles, context: Context, table: SealedTable, *, secret: Lookup | None = None
) -> Made:
    """Make the files of a tree ready.

    Args:
        tree: the files.
        context: the peel.
        table: where what is made is kept.
        secret: as of `settings_from`.
    """
    templates, parsed = templates_of(tree, context, secret, table), ParsedTexts(table)
    made = Made()
    for env in tree.environments:
        for path in tree.paths(env):
            try:
                text = text_of(path, tree.read(env, path) or b"")
            except NotText:
                continue
            if reference_of(path) is not None and is_plain(text):
                made.texts += _read(path, text, parsed)
            else:
                made.templates += not templates.check(env, path, text.encode())
    table.save()
    return made


def _read(path: str, text: str, parsed: ParsedTexts) -> bool:
    lines, dialect = LineMap.plain(path, text), dialect_of(path, "sls")
    return not parsed.loaded(lines, dialect, lambda: load(text, path, dialect, lines)).problems
