"""The commands `zester-master settings render`, `check`, `diff`, and `rotate-key`.

Only the last needs a server.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from zester_proto.render.nodes import Problem

_FAILED = 1

_RENDER = """\
Renders a settings tree for one peel, as the peel would: with its id and facts, without a server.
Secrets are masked; with --show what the tree itself holds is shown, and secrets of the store by
their names. What only the peel can answer (functions of the host) is told on stderr and left out.
"""


_DIFF = """\
Says what the tree in --tree would change for a peel, were it to stand where this master's settings
stand: check an edit in a copy before it is published. Secrets are masked, and compared by name.
"""


_ROTATE = """\
Puts another key in the place of the one that masters share and seal the settings and secrets with.
Each call takes one step and says what to do before the next: a key to come is made, masters seal
with it, what the old one sealed is sealed anew. Exit 1 while something elsewhere keeps a step from
being taken.
"""


def add_parsers(commands: Any) -> None:
    """Add the commands to the parser of `zester-master settings`."""
    render = commands.add_parser(
        "render", help="render a settings tree for one peel", description=_RENDER,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    _add_tree(render)
    render.add_argument("--id", required=True, metavar="ID", help="the peel's id")
    render.add_argument("--facts", type=Path, metavar="FILE", help="its facts, JSON or YAML")
    render.add_argument("--env", default=None, metavar="ENV", help="this environment alone")
    render.add_argument("--output", choices=("json", "yaml", "text"), default="yaml")
    render.add_argument("--show", action="store_true", help="mask nothing")
    render.add_argument("--merge-lists", action="store_const", const="append", default="replace",
                        help="as with pillar_merge_lists in master.yaml")  # fmt: skip
    render.set_defaults(handler=_render)
    check = commands.add_parser("check", help="say what is wrong with a settings tree")
    _add_tree(check)
    check.set_defaults(handler=_check)
    diff = commands.add_parser(
        "diff", help="say what another tree would change for a peel", description=_DIFF,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    diff.add_argument("id", metavar="PEEL", help="the peel's id")
    _add_tree(diff)
    diff.add_argument("--facts", type=Path, metavar="FILE", help="its facts, JSON or YAML")
    diff.add_argument("--show", action="store_true", help="mask nothing")
    diff.add_argument("--config", type=Path, help="file to read; else /etc/zester/master.yaml")
    diff.set_defaults(handler=_diff)
    rotate = commands.add_parser(
        "rotate-key", help="take the next step to another settings key", description=_ROTATE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    rotate.add_argument("--config", type=Path, help="file to read; else /etc/zester/master.yaml")
    rotate.add_argument("--begin", action="store_true", help="where nothing is under way")
    rotate.set_defaults(handler=_rotate)


def _add_tree(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tree", action="append", required=True, metavar="[ENV=]DIR", dest="trees",
        help="a root of the tree, the strongest first; of base, if none is named",
    )  # fmt: skip


def _roots(trees: Iterable[str]) -> dict[str, list[Path]]:
    roots: dict[str, list[Path]] = {}
    for text in trees:
        env, sign, folder = text.partition("=")
        name, path = (env, folder) if sign and "/" not in env else ("base", text)
        roots.setdefault(name, []).append(Path(path))
    return roots


def _facts(arguments: argparse.Namespace) -> dict[str, Any]:
    from zester_master.settings.offline import read_facts  # noqa: PLC0415  # speed
    from zester_proto.ids import check_peel_id  # noqa: PLC0415  # the same

    given = read_facts(arguments.facts) if arguments.facts is not None else {}
    return {"id": check_peel_id(arguments.id), **given}


def _tell_facts(arguments: argparse.Namespace) -> None:
    if arguments.facts is None:
        sys.stderr.write(
            "this was rendered with no facts but the id: --facts FILE gives some, as "
            f"`zester facts {arguments.id} --output json` prints them\n"
        )


def _render(arguments: argparse.Namespace) -> int:
    from zester_master.settings.offline import render, written  # noqa: PLC0415  # the same

    facts = _facts(arguments)
    compiled = render(
        _roots(arguments.trees), arguments.id, facts, arguments.env, arguments.merge_lists
    )
    _tell(compiled.errors, compiled.more_errors)
    if compiled.errors:
        _tell_facts(arguments)
        return _FAILED
    _tell(compiled.warnings, prefix="warning: ")
    _tell((one.problem for one in compiled.unknown), prefix="left out: ")
    sys.stdout.write(written(compiled, arguments.output, show=arguments.show))
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from zester_master.settings.offline import check  # noqa: PLC0415  # the same

    problems = check(_roots(arguments.trees))
    _tell(problems)
    return _FAILED if problems else 0


def _diff(arguments: argparse.Namespace) -> int:
    from zester_master.config import DEFAULT_FILE, MasterConfig  # noqa: PLC0415  # the same
    from zester_master.settings.difference import difference  # noqa: PLC0415  # the same
    from zester_master.settings.offline import render  # noqa: PLC0415  # the same
    from zester_proto.config import load  # noqa: PLC0415  # the same

    config = load(MasterConfig, arguments.config, DEFAULT_FILE).value
    facts = _facts(arguments)
    both = [
        render(roots, arguments.id, facts, None, config.merged_lists)
        for roots in (config.settings_trees, _roots(arguments.trees))
    ]
    for name, compiled in zip(("as it stands: ", "in --tree: "), both, strict=True):
        _tell(compiled.errors, compiled.more_errors, prefix=name)
        _tell((one.problem for one in compiled.unknown), prefix=f"{name}left out: ")
    if any(compiled.errors for compiled in both):
        _tell_facts(arguments)
        return _FAILED
    lines = difference(*both, show=arguments.show)
    sys.stdout.write("".join(f"{line}\n" for line in lines) or "nothing would change\n")
    return 0


def _tell(problems: Iterable[Problem], more: int = 0, *, prefix: str = "") -> None:
    from zester_proto.settings.shown import described  # noqa: PLC0415  # the same

    for problem in problems:
        sys.stderr.write(f"{prefix}{described(problem)}\n")
    if more:
        sys.stderr.write(f"and {more} more\n")


def _rotate(arguments: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415  # what only this command needs

    from zester_master.config import DEFAULT_FILE, MasterConfig  # noqa: PLC0415  # as above
    from zester_master.settings.rotation import rotate  # noqa: PLC0415  # as above
    from zester_proto.config import load  # noqa: PLC0415  # as above

    config = load(MasterConfig, arguments.config, DEFAULT_FILE).value
    step = asyncio.run(rotate(config, begin=arguments.begin))
    sys.stdout.write(step.text + "\n")
    return 0 if step.done else _FAILED
