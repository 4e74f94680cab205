"""The options that hold for every command, as data: argv, help, completion and docs read this."""

from collections.abc import Sequence
from typing import Final, NamedTuple

OUTPUTS: Final = ("table", "json", "yaml", "raw")
DEFAULT_TIMEOUT: Final = 60.0
"""Seconds that a job may take."""


class Option(NamedTuple):
    """One option; there are none with one dash, so that `df -h` is what it looks like."""

    name: str
    field: str
    """Its place in `Options`."""
    metavar: str
    """What its value is called; empty for a switch."""
    help: str
    job_only: bool = False
    """It says how a job runs or is waited for."""


OPTIONS: Final[tuple[Option, ...]] = (
    Option("--output", "output", "FORM", f"{', '.join(OUTPUTS)}; table is the default"),
    Option("--quiet", "quiet", "", "no progress, no summary: results and errors alone"),
    Option("--no-color", "no_color", "", "no colours; NO_COLOR=1 says the same"),
    Option("--config", "config", "FILE", "operator.yaml of the site, before ZESTER_CONFIG"),
    Option("--debug", "debug", "", "show the traceback of what goes wrong"),
    Option("--timeout", "timeout", "TIME", "how long the job may take: 30, 30s, 5m; default 60s",
           job_only=True),
    Option("--async", "detach", "", "print the jid and do not wait", job_only=True),
    Option("--test", "test", "", "dry run: say what would change", job_only=True),
    Option("--batch", "batch", "N|N%", "ask so many peels at a time", job_only=True),
    Option("--batch-wait", "batch_wait", "TIME", "how long a place in the batch stays empty",
           job_only=True),
    Option("--canary", "canary", "N", "ask N peels first; the rest only if all of them succeed",
           job_only=True),
    Option("--max-fail", "max_fail", "N|N%", "stop when more than so many have failed",
           job_only=True),
    Option("--detailed-exit", "detailed_exit", "", "exit 7 when a dry run would change something",
           job_only=True),
    Option("--diff", "diff", "", "show the diffs of what states change", job_only=True),
    Option("--summary", "summary", "", "of states only the counts", job_only=True),
)  # fmt: skip


class Options(NamedTuple):
    """What the options of a command line say."""

    output: str = "table"
    quiet: bool = False
    no_color: bool = False
    config: str = ""
    debug: bool = False
    timeout: float | None = None
    """Seconds; None if it was not given."""
    detach: bool = False
    test: bool = False
    detailed_exit: bool = False
    batch: str = ""
    batch_wait: float = 0.0
    """Seconds."""
    canary: int = 0
    max_fail: str = ""
    diff: bool = False
    summary: bool = False


class Subcommand(NamedTuple):
    """A word below a command; `takes` are the fields of the job options that it heeds."""

    name: str
    help: str
    takes: frozenset[str] = frozenset()


class Command(NamedTuple):
    """A first word that is no target."""

    name: str
    help: str
    subcommands: tuple[Subcommand, ...] = ()


_SHOWS: Final = frozenset({"detailed_exit", "diff", "summary"})
_WAITS: Final = _SHOWS | {"timeout"}
_RUNS: Final = frozenset(one.field for one in OPTIONS if one.job_only)

COMMANDS: Final[tuple[Command, ...]] = (
    Command("run", "TARGET FUNCTION [ARGS]: the long form of zester TARGET FUNCTION"),
    Command("job", "jobs: what ran, what runs, and how it ended", (
        Subcommand("list", "the jobs that are kept, newest first"),
        Subcommand("active", "the jobs that run now"),
        Subcommand("show", "one job, peel by peel", _SHOWS),
        Subcommand("wait", "wait for the end of a job, then show it", _WAITS),
        Subcommand("follow", "watch a job as if it had just been started", _WAITS),
        Subcommand("cancel", "end a job on every peel"),
        Subcommand("rerun", "a closed job once more, on the same peels or some of them", _RUNS),
        Subcommand("resume", "a stopped job's rest: the peels that were never asked", _RUNS),
    )),
    Command("peel", "peels: who is there", (
        Subcommand("list", "all peels: state, version, address, clock"),
        Subcommand("show", "one peel, with its facts"),
        Subcommand("ping", "test.ping on a target", _RUNS),
        Subcommand("drain", "have peels take no more jobs"),
        Subcommand("undrain", "have peels take jobs again"),
        Subcommand("unquarantine", "let a peel in again that flooded the masters"),
    )),
    Command("master", "masters: who is there", (
        Subcommand("list", "all masters that live"),
    )),
    Command("tree", "the state trees: what peels get, and what the masters have", (
        Subcommand("status", "what is published, and each master's own"),
        Subcommand("diff", "what publishing would change"),
        Subcommand("publish", "publish now, whoever published before"),
    )),
    Command("facts", "facts, from the masters' index; no job", (
        Subcommand("get", "the facts of each peel of a target"),
        Subcommand("query", "how many peels of a target have which values"),
    )),
    Command("settings", "what peels are given, as a master renders it; no job", (
        Subcommand("show", "all settings of a peel, secrets masked"),
        Subcommand("get", "one setting of each peel of a target"),
        Subcommand("trace", "which files and lines gave a setting"),
        Subcommand("compare", "whether peels have what a master renders; this runs a job"),
    )),
    Command("basket", "what peels share with each other", (
        Subcommand("get", "the value of each peel of a target, and its age"),
        Subcommand("list", "the names under which peels share something"),
    )),
    Command("target", "EXPR: which peels a target names"),
    Command("doc", "[FUNCTION]: what functions there are, and what they take"),
    Command("status", "what is wrong, by the master that answers"),
    Command("whoami", "who the masters say that you are"),
    Command("completion", "bash, zsh or fish: print the script that completes for it"),
)  # fmt: skip


def command_names() -> tuple[str, ...]:
    """Give the first words that are commands."""
    return tuple(one.name for one in COMMANDS)


def find_command(name: str) -> Command | None:
    """Give a command by its name."""
    return next((one for one in COMMANDS if one.name == name), None)


def find_subcommand(words: Sequence[str]) -> Subcommand | None:
    """Give the subcommand that the first two words name."""
    command = find_command(words[0]) if len(words) > 1 else None
    below = command.subcommands if command else ()
    return next((one for one in below if one.name == words[1]), None)
