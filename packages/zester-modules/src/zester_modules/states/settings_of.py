"""Settings of a peel, rendered on it: from a tree of its own, or from what was sealed for it."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from zester_modules.context import Context
from zester_modules.errors import Refused
from zester_modules.states.parsed_texts import ParsedTexts
from zester_modules.states.sealed_codes import SealedCodes
from zester_modules.states.sealed_table import SealedTable
from zester_modules.states.template_context import Given, Templates
from zester_proto.messages.settings import Lists, SettingsEntry
from zester_proto.render.code_cache import CodeCache
from zester_proto.render.nodes import Place
from zester_proto.render.secret_text import Lookup
from zester_proto.settings.compile import compile_settings, entries_of
from zester_proto.settings.model import Compiled
from zester_proto.settings.shared import Shared
from zester_proto.settings.shown import described
from zester_proto.tree.files import TreeFiles
from zester_proto.tree.folders import Tree
from zester_proto.tree.problems import Problems
from zester_proto.tree.top import read_top

_SHOWN = 20


def settings_of(
    roots: Mapping[str, Sequence[Path]],
    context: Context,
    env: str | None = None,
    *,
    secret: Lookup | None = None,
    lists: Lists = "replace",
) -> Compiled:
    """Render and merge the settings that a tree of this peel's own has for it.

    Args:
        roots: the folders of each environment.
        context: the peel: its id and facts.
        env: this environment alone; else all that the top file names.
        secret: gives the values of secrets by their names; None: there are none.
        lists: what lists do where two files have one.

    Raises:
        Refused: something is wrong with the tree; the text says what, and where.
    """
    if not roots:
        return Compiled()
    tree = Tree(roots)
    templates = templates_of(tree, context, secret)
    problems = Problems()
    asked, tops = read_top(tree, templates, problems, env)
    _refuse(Compiled(errors=tuple(problems.errors), more_errors=problems.more))
    places = entries_of(asked)
    compiled = _compiled(tree, templates, places, lists, context, places=places)
    top = tuple((one, path) for one in tree.environments for path in tops if tree.has(one, path))
    return msgspec.structs.replace(compiled, files=(*top, *compiled.files))


def settings_from(
    tree: TreeFiles,
    entries: Iterable[SettingsEntry],
    context: Context,
    *,
    secret: Lookup | None = None,
    lists: Lists = "replace",
    made: SealedTable | None = None,
) -> Compiled:
    """Render and merge what a master says is meant for this peel.

    Args:
        tree: the files that it may read.
        entries: what the top files name for it, in their order.
        context: the peel: its id and facts.
        secret: gives the values of secrets by their names; None: there are none.
        lists: what lists do where two files have one.
        made: what compiles before this one made of templates and texts, and for the next one; it
            is sealed, as `codes` of the context are not.

    Raises:
        Refused: something is wrong with the files; the text says what, and where.
    """
    templates = templates_of(tree, context, secret, made)
    shared = ParsedTexts(made) if made is not None else None
    compiled = _compiled(tree, templates, entries, lists, context, shared=shared)
    if made is not None:
        made.save()
    return compiled


def templates_of(
    tree: TreeFiles, context: Context, secret: Lookup | None, made: SealedTable | None = None
) -> Templates:
    """Give what renders settings: what is merged so far is all that templates see of them.

    Args:
        tree: the files.
        context: the peel: its id and facts, and where compiled templates are kept.
        secret: gives the values of secrets by their names; None: there are none.
        made: where compiled templates are kept in place of the context's folder.
    """
    codes = CodeCache(context.codes) if context.codes and made is None else None
    bare = msgspec.structs.replace(context, settings={})
    return Templates(tree, Given(
        context=bare, template_functions=context.template_functions,
        codes=SealedCodes(made) if made is not None else codes,
        secret=secret or _no_secrets,
    ))  # fmt: skip


def _no_secrets(_name: str) -> None:
    return None


def _compiled(
    tree: TreeFiles,
    templates: Templates,
    entries: Iterable[SettingsEntry],
    lists: Lists,
    context: Context,
    *,
    places: Mapping[SettingsEntry, Place] | None = None,
    shared: Shared | None = None,
) -> Compiled:
    compiled = compile_settings(tree, templates, entries, lists=lists, places=places, shared=shared)
    _refuse(compiled)
    for warning in compiled.warnings:
        context.log.warning("settings: %s", described(warning))
    return compiled


def _refuse(compiled: Compiled) -> None:
    if compiled.errors:
        texts = [described(one) for one in compiled.errors[:_SHOWN]]
        more = len(compiled.errors) + compiled.more_errors - len(texts)
        if more:
            texts.append(f"and {more} more")
        raise Refused("\n".join(["the settings cannot be rendered:", *texts]))
