"""locale.* on a throw-away root."""

from collections.abc import Callable
from pathlib import Path

import pytest

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Changes, Leaf, Plan
from zester_modules.resources.locale import LISTED, PRESENT, SUPPORTED, SYSTEM, listed, plain
from zester_testing.resource_law import scope_on
from zester_testing.root_machine import RootMachine

ENTRY = "xx_YY.UTF-8 UTF-8"


def _put(machine: RootMachine, path: str, text: str, mode: int = 0o644) -> None:
    above = path.rpartition("/")[0]
    if machine.stat(above) is None:
        machine.make_folder(above, mode=0o755, uid=0, gid=0)
    machine.write(path, text.encode(), mode=mode, uid=0, gid=0)


def test_a_locale_is_listed_and_made(
    checked: Callable[..., Plan], machine: RootMachine, tmp_path: Path
) -> None:
    _put(machine, LISTED, "# by hand\n# xx_YY.UTF-8 UTF-8  \nzz_ZZ.UTF-8 UTF-8\n")
    _put(machine, SUPPORTED, f"{ENTRY}\nzz_ZZ.UTF-8 UTF-8\n")
    # the image has no compiler of locales: one that makes the folder that `locale -a` looks for
    made = "/usr/lib/locale/xx_YY.utf8"
    _put(
        machine, "/usr/sbin/locale-gen", f"#!/bin/sh\nmkdir -p {made}; cp -r "
        f"/usr/lib/locale/C.utf8/. {made}\n", 0o755,
    )  # fmt: skip
    plan = checked(PRESENT, "xx_YY.utf8")
    assert plan.leaves == (
        Leaf(path=f"{ENTRY}:listed", before=False, after=True),
        Leaf(path=f"{ENTRY}:made", before=False, after=True),
    )
    assert PRESENT.apply(plan, scope_on(machine, tmp_path / "scope")).leaves == plan.leaves
    assert machine.read(LISTED) == f"# by hand\n{ENTRY}\nzz_ZZ.UTF-8 UTF-8\n".encode()
    assert checked(PRESENT, "xx_YY.UTF-8").leaves == ()


def test_what_is_no_locale_is_refused(checked: Callable[..., Plan], machine: RootMachine) -> None:
    assert checked(PRESENT, "C.UTF-8").leaves == ()
    _put(machine, SUPPORTED, f"{ENTRY}\n")
    for name in ("zz_ZZ.UTF-8", "a b c", "a#"):
        with pytest.raises(HostProblem, match="no locale"):
            checked(PRESENT, name)


def test_the_host_speaks_a_locale(held: Callable[..., Changes], machine: RootMachine) -> None:
    _put(machine, "/etc/default/locale", "# ours\nLANG='C'\nLC_TIME=C\n")
    done = held(SYSTEM, "xx_YY.UTF-8")
    assert done.leaves == (Leaf(path="/etc/default/locale:LANG", before="C", after="xx_YY.UTF-8"),)
    assert machine.read("/etc/default/locale") == b"# ours\nLANG=xx_YY.UTF-8\nLC_TIME=C\n"
    with pytest.raises(HostProblem, match="no locale"):
        held(SYSTEM, "a;b")


def test_names_are_compared_as_locale_writes_them() -> None:
    assert plain("de_DE.ISO-8859-15@euro") == "de_DE.iso885915@euro"
    assert plain("de_DE@euro") == "de_DE@euro"
    assert listed("a", ENTRY) == f"a\n{ENTRY}\n"
