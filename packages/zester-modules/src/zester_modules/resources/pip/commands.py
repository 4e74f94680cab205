"""How pip is run: which one, as whom, never with a question, and what it says."""

import re
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import Command, Done, Effects, HostProblem, Machine
from zester_modules.resources.git.commands import masked

_ENV: Final = {
    "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_ROOT_USER_ACTION": "ignore",
}  # fmt: skip
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


EFFECTS: Final = Effects(brings=True)
"""Of pip: which files a package brings, nobody knows before."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where and by whom packages are managed."""

    bin_env: Annotated[
        str, Meta(description="a virtual environment, or a pip; else the host's own")
    ] = ""
    user: Annotated[str, Meta(description="who runs pip")] = ""
    cwd: Annotated[str, Meta(description="the folder that pip is run in")] = ""
    env_vars: Annotated[
        dict[str, str] | None, Meta(description="variables to add to its environment")
    ] = None


def pip(
    place: Place, machine: Machine, *words: str, env: Mapping[str, str] = {}
) -> Command:  # never written to
    """Make a command of pip.

    Raises:
        HostProblem: there is none.
    """
    return Command(
        argv=(*_program(place.bin_env, machine), *words), runas=place.user, cwd=place.cwd or "/",
        env=_ENV | dict(env) | (place.env_vars or {}),
    )  # fmt: skip


def _program(bin_env: str, machine: Machine) -> tuple[str, ...]:
    if not bin_env:
        found = machine.which("pip3") or machine.which("pip")
        if found is None:
            raise HostProblem(
                "this host has no pip", hint="install python3-pip, or name an environment: bin_env"
            )
        return (found,)
    look = machine.follow(bin_env)
    python = f"{bin_env}/bin/python"
    if look is None or (look.kind == "folder" and machine.follow(python) is None):
        raise HostProblem(
            f"{bin_env} is no virtual environment and no pip", hint="virtualenv.managed makes one"
        )
    return (python, "-m", "pip") if look.kind == "folder" else (bin_env,)


def answer(place: Place, machine: Machine, *words: str) -> bytes:
    """Give what pip says, asked for something that changes nothing.

    Raises:
        HostProblem: it failed.
    """
    done = machine.ask(pip(place, machine, *words))
    hold(f"pip {words[0]}", done)
    return done.stdout


def hold(what: str, done: Done) -> None:
    """Raise HostProblem where a command failed, with what it says."""
    if not done.exit_code and not done.timed_out:
        return
    said = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
    errors = [one.removeprefix("ERROR: ") for one in said if one.startswith(("ERROR:", "error:"))]
    told = "; ".join(dict.fromkeys(errors)) or (said[-1] if said else "")
    raise HostProblem(masked(f"{what}: {told or f'it ended with {done.exit_code}'}"[:700]))


class Listed(msgspec.Struct, frozen=True):
    """A package as `pip list` tells it."""

    name: str
    version: str
    latest_version: str = ""


def listed(place: Place, machine: Machine, *words: str) -> dict[str, Listed]:
    """Give the installed packages, by normal names."""
    said = answer(place, machine, "list", "--format=json", *words)
    found = msgspec.json.decode(said, type=list[Listed])
    return {normal(one.name): one for one in found}


def normal(name: str) -> str:
    """Give the form in which names are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def name_of(requirement: str) -> str:
    """Give the name at the beginning of a requirement, normal; "" where none stands there."""
    found = _NAME.match(requirement.strip())
    return normal(found.group()) if found else ""
