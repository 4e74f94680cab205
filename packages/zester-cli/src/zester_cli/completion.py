"""What the shell may complete, from the cache alone: completion never connects."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from zester_cli import cache
from zester_cli.errors import UsageError
from zester_cli.options import COMMANDS, OPTIONS, OUTPUTS, find_command
from zester_cli.site import load_site
from zester_proto.errors import ZesterError

SHELLS: Final = ("bash", "zsh", "fish")
_BREAKS: Final = "=:,"
"""Where bash takes a word apart, and targets do; what stands before the last one is kept."""

_BASH: Final = """\
_zester() {
    local IFS=$'\\n' line=${COMP_LINE:0:COMP_POINT} cur=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=($(zester --complete bash "$line" "$cur" 2>/dev/null))
    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
    return 0
}
complete -F _zester zester
"""
_ZSH: Final = """\
#compdef zester
_zester() {
    local -a found
    found=("${(@f)$(zester --complete zsh "${words[@]:1:$((CURRENT-1))}" 2>/dev/null)}")
    _describe -V zester found
}
compdef _zester zester
"""
_FISH: Final = """\
function __zester_complete
    set -l words (commandline -opc) (commandline -ct)
    zester --complete fish $words[2..-1] 2>/dev/null
end
complete -c zester -f -a '(__zester_complete)'
"""
_SCRIPTS: Final = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


_TAKE_TARGETS: Final = frozenset({"peel", "facts", "basket", "settings", "target"})


class Choice(NamedTuple):
    """One way to go on."""

    word: str
    help: str = ""


def script(shell: str) -> str:
    """Give the script that a shell reads.

    Raises:
        UsageError: we have none for it.
    """
    if shell not in _SCRIPTS:
        raise UsageError(
            f"there is no completion for {shell!r}", hint=f"there is one for {', '.join(SHELLS)}"
        )
    return _SCRIPTS[shell]


def complete(argv: Sequence[str]) -> int:
    """Answer a shell: one choice a line; anything wrong is no choice at all.

    Args:
        argv: the shell, then what its script hands over.
    """
    try:
        shell, *rest = argv
        if shell == "bash":
            line, cur = rest
            words = split_line(line)[1:]
            kept = words[-1][: len(words[-1]) - len(cur)] if words[-1].endswith(cur) else ""
            lines = [one.word.removeprefix(kept) for one in choices(words)]
        else:
            between = ":" if shell == "zsh" else "\t"
            lines = [_described(one, between) for one in choices(rest or [""])]
        sys.stdout.write("".join(f"{one}\n" for one in lines))
    except (ValueError, IndexError, OSError, ZesterError):
        return 1
    return 0


def _described(one: Choice, between: str) -> str:
    word = one.word.replace(":", "\\:") if between == ":" else one.word
    return f"{word}{between}{one.help}" if one.help else word


def split_line(line: str) -> list[str]:
    """Give the words of a half-typed line; the last one may be empty or have an open quote."""
    words, word, quote, inside, escaped = list[str](), "", "", False, False
    for letter in line:
        if escaped:
            word, escaped = word + letter, False
        elif letter == "\\" and quote != "'":
            inside = escaped = True
        elif quote:
            word, quote = (word, "") if letter == quote else (word + letter, quote)
        elif letter in "'\"":
            inside, quote = True, letter
        elif letter.isspace():
            if word or inside:
                words.append(word)
            word, inside = "", False
        else:
            word += letter
    return [*words, word]


def choices(words: Sequence[str]) -> list[Choice]:
    """Give what the last of the words after `zester` may become."""
    *before, word = words
    return [one for one in _candidates(before, word) if one.word.startswith(word)]


def _candidates(before: Sequence[str], word: str) -> Iterator[Choice]:
    if before and before[-1] == "--output":
        yield from map(Choice, OUTPUTS)
        return
    plain = _plain(before)
    if plain is None:
        return
    if word.startswith("-"):
        yield from (Choice(one.name, one.help) for one in OPTIONS)
        yield Choice("--help", "say what there is")
    elif not plain:
        yield from (Choice(one.name, one.help) for one in COMMANDS)
        yield from _targets(word)
    elif plain[0] != "run" and find_command(plain[0]):
        yield from _for_command(plain, word)
    else:
        yield from _for_run(plain[1:] if plain[0] == "run" else plain, word)


def _plain(before: Sequence[str]) -> list[str] | None:
    """Give the words that are no options; none where everything is an argument."""
    takes_value = {one.name for one in OPTIONS if one.metavar}
    plain: list[str] = []
    is_value = False
    for one in before:
        if one == "--":
            return None
        if is_value or one.startswith("--"):
            is_value = not is_value and one in takes_value
        else:
            plain.append(one)
    return None if is_value else plain


def _for_command(plain: Sequence[str], word: str) -> Iterator[Choice]:
    command = find_command(plain[0])
    below = command.subcommands if command else ()
    if below and len(plain) == 1:
        yield from (Choice(one.name, one.help) for one in below)
    elif len(plain) == (1 if plain[0] == "target" else 2) and plain[0] in _TAKE_TARGETS:
        yield from _targets(word)
    elif plain[0] == "doc" and len(plain) == 1:
        yield from _functions()
    elif plain[0] == "completion" and len(plain) == 1:
        yield from map(Choice, SHELLS)


def _for_run(plain: Sequence[str], word: str) -> Iterator[Choice]:
    if not plain:
        yield from _targets(word)
    elif len(plain) == 1:
        yield from _functions()
    else:
        known = cache.signature(_folder(), plain[1])
        for name in sorted(known.names) if known else ():
            yield Choice(f"{name}=")


def _targets(word: str) -> Iterator[Choice]:
    """Give peel ids, after whatever begins the last part of the target."""
    end = max(word.rfind(sign) for sign in (",", "@", "(", " ")) + 1
    head = word[:end]
    yield from (Choice(head + peel_id) for peel_id in cache.peels(_folder()))


def _functions() -> Iterator[Choice]:
    yield from (Choice(one.name, one.summary) for one in cache.functions(_folder()))


def _folder() -> Path:
    return cache.folder(load_site())
