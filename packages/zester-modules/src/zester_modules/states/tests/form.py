"""The form of `tests/*.yaml`; the descriptions are what `docs/states.md` says, too."""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct


class Command(Struct, frozen=True, kw_only=True):
    """How a command ends on the made-up host; a number alone is its exit code."""

    SHORT: ClassVar[str] = "exit_code"

    exit_code: Annotated[int, Meta(description="0 is success")] = 0
    stdout: Annotated[str, Meta(description="what it prints")] = ""


class Host(Struct, frozen=True, kw_only=True):
    """What the host is like before."""

    facts: Annotated[
        dict[str, Any], Meta(description="all facts; `id` is the peel's, null takes one away")
    ] = {}
    settings: Annotated[dict[str, Any], Meta(description="all settings")] = {}
    files: Annotated[dict[str, str], Meta(description="files by path, with their contents")] = {}
    folders: Annotated[list[str], Meta(description="folders")] = []
    users: Annotated[list[str], Meta(description="users, each with a group of its own")] = []
    programs: Annotated[list[str], Meta(description="programs that are there: names or paths")] = []
    packages: Annotated[dict[str, str], Meta(description="installed packages, with versions")] = {}
    services: Annotated[
        dict[str, Literal["running", "stopped"]], Meta(description="services that are known")
    ] = {}
    commands: Annotated[
        dict[str, Command], Meta(description="how commands end that guards and states ask")
    ] = {}


class Contents(Struct, frozen=True, kw_only=True):
    """What a file holds in the end; a text alone is all of it."""

    SHORT: ClassVar[str] = "text"

    text: Annotated[str | None, Meta(description="all of it")] = None
    has: Annotated[list[str], Meta(description="texts that are in it")] = []
    lacks: Annotated[list[str], Meta(description="texts that are not")] = []
    absent: Annotated[bool, Meta(description="there is no such file")] = False


class StateWish(Struct, frozen=True, kw_only=True):
    """What a state of the plan is like; a word alone is its result."""

    SHORT: ClassVar[str] = "result"

    result: Annotated[
        Literal["ok", "would-change", "failed", "skipped"] | None, Meta(description="its result")
    ] = None
    function: Annotated[str, Meta(description="such as file.managed")] = ""
    name: Annotated[str, Meta(description="its name")] = ""
    certain: Annotated[bool | None, Meta(description="nothing about it is unknown")] = None
    comment: Annotated[str, Meta(description="a text in its comment")] = ""
    skipped_by: Annotated[str, Meta(description="why it is skipped, such as guard")] = ""
    changes: Annotated[
        dict[str, Any], Meta(description="values after the change, by the paths of the plan")
    ] = {}


class Wish(Struct, frozen=True, kw_only=True):
    """What has to come out."""

    result: Annotated[
        Literal["ok", "would-change", "failed", "refused"] | None,
        Meta(description="of the plan; without it anything but failed and refused"),
    ] = None
    states: Annotated[dict[str, StateWish], Meta(description="states of the plan, by id")] = {}
    only: Annotated[bool, Meta(description="there are no other states")] = False
    missing: Annotated[list[str], Meta(description="ids that are not in the plan")] = []
    order: Annotated[list[str], Meta(description="ids in the order in which they run")] = []
    files: Annotated[
        dict[str, Contents], Meta(description="files as they are in the end, by path")
    ] = {}
    errors: Annotated[list[str], Meta(description="texts, each in one error of the tree")] = []


class Case(Host, frozen=True, kw_only=True):
    """One test; what it says of the host lies over what the whole file says."""

    apply: Annotated[
        list[str] | None,
        Meta(description="state files; without it the folder above, or the top file"),
    ] = None
    env: Annotated[str, Meta(description="their environment")] = ""
    strict: Annotated[bool, Meta(description="what Salt lets pass is an error")] = False
    host: Annotated[bool, Meta(description="false: it is planned alone, also with --host")] = True
    expect: Annotated[Wish, Meta(description="what has to come out")] = Wish()


class Suite(Host, frozen=True, kw_only=True):
    """One file of tests; what it says of the host holds for all of them."""

    tests: Annotated[dict[str, Case], Meta(description="the tests by their names")]
