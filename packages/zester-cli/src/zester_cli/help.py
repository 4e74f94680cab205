"""The text of `zester --help`, made from the tables of commands and options."""

from zester_cli.options import COMMANDS, OPTIONS

_HEAD = """\
Usage: zester [OPTIONS] TARGET FUNCTION [ARGS] [KEY=VALUE] [OPTIONS]
       zester [OPTIONS] COMMAND ...

Run a function on every peel that a target names, and see how it ended on each.

  zester '*' test.ping                          every peel
  zester 'web-*' cmd.run 'systemctl is-active nginx'
  zester 'G@os:debian and not db-1' cmd.run ls -l /
  zester web-1 cmd.run -- ls --color            -- keeps options for the function
  zester web-1 cmd.run cat stdin=@secret.txt    @FILE or - (standard input) as a value
"""

_TAIL = """\
Exit codes: 0 fine, 1 something failed, 2 usage, 3 nobody matched, 4 somebody never answered,
5 no bus or no master, 6 refused by role, 7 would change (with --detailed-exit), 130 Ctrl-C.
zester COMMAND --help says more, zester TARGET FUNCTION --help is about the function.
"""


def help_text() -> str:
    """Give the whole text."""
    rows = [(one.name, one.help) for one in COMMANDS if not one.subcommands]
    rows += [
        (f"{one.name} {below.name}", below.help) for one in COMMANDS for below in one.subcommands
    ]
    commands = "".join(f"  {name:<14} {text}\n" for name, text in sorted(rows))
    options = "".join(
        f"  {f'{one.name} {one.metavar}'.strip():<18} {one.help}\n" for one in OPTIONS
    )
    more = f"  {'--version':<18} say which zester this is\n  {'--help':<18} say this\n"
    return f"{_HEAD}\nCommands:\n{commands}\nOptions:\n{options}{more}\n{_TAIL}"
