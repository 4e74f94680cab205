"""mount.*: the table of a throw-away root, held to the law of resources."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as some

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Changes, Leaf
from zester_modules.resources.mount import FSTAB, MOUNTED, UNMOUNTED
from zester_modules.tables import fstab
from zester_testing.root_machine import RootMachine

Held = Callable[..., Changes]
BEFORE = b"# by hand\nUUID=a  /  ext4 errors=remount-ro 0 1 # root\n/dev/b /srv/my\\040data xfs\n"
WORD = some.text(some.characters(min_codepoint=32, max_codepoint=126), min_size=1)


def test_a_line_comes_changes_and_goes(held: Held, machine: RootMachine) -> None:
    machine.write(FSTAB, BEFORE, mode=0o640, uid=0, gid=4)
    words = {"device": "/dev/c", "fstype": "ext4", "mount": False}
    assert held(MOUNTED, "/srv/c", **words).leaves == (
        Leaf(path=f"{FSTAB}:/srv/c", after="/dev/c /srv/c ext4 defaults 0 0"),
    )
    assert machine.read(FSTAB) == BEFORE + b"/dev/c\t/srv/c\text4\tdefaults\t0\t0\n"
    assert held(MOUNTED, "/srv/c", **words, opts="ro,noexec", dump=1, pass_num=2).leaves
    assert machine.read(FSTAB) == BEFORE + b"/dev/c\t/srv/c\text4\tro,noexec\t1\t2\n"
    found = machine.stat(FSTAB)
    assert found is not None
    assert (found.mode, found.gid) == (0o640, 4)
    assert not held(UNMOUNTED, "/srv/c").leaves
    assert not held(UNMOUNTED, "/srv/c", persist=True, device="/dev/other").leaves
    assert held(UNMOUNTED, "/srv/c/", persist=True).leaves
    assert machine.read(FSTAB) == BEFORE


def test_blanks_in_names_are_found_and_written(held: Held, machine: RootMachine) -> None:
    machine.write(FSTAB, BEFORE, mode=0o644, uid=0, gid=0)
    words = {"fstype": "xfs", "mount": False}
    assert not held(MOUNTED, "/srv/my data", device="/dev/b", **words).leaves
    assert held(MOUNTED, "/srv/my data", device="/dev/d", **words).leaves
    assert b"/dev/d\t/srv/my\\040data\txfs" in (machine.read(FSTAB) or b"")


def test_a_table_that_is_a_link_stays_one(held: Held, machine: RootMachine) -> None:
    machine.write("/etc/real", BEFORE, mode=0o640, uid=0, gid=4)
    machine.make_link(FSTAB, "real", uid=0, gid=0)
    assert held(MOUNTED, "/srv/c", device="/dev/c", fstype="ext4", mount=False).leaves
    table, real = machine.stat(FSTAB), machine.stat("/etc/real")
    assert table is not None
    assert real is not None
    assert (table.kind, real.mode, real.gid) == ("link", 0o640, 4)
    assert (machine.read("/etc/real") or b"").startswith(BEFORE + b"/dev/c")


def test_a_folder_is_made_only_when_told(held: Held) -> None:
    with pytest.raises(HostProblem, match="there is no folder /srv/none"):
        held(MOUNTED, "/srv/none", device="tmpfs", fstype="tmpfs", persist=False)
    with pytest.raises(HostProblem, match="whole path"):
        held(MOUNTED, "srv", device="tmpfs", fstype="tmpfs")


@given(device=WORD, folder=WORD, opts=WORD)
def test_what_is_written_is_read_again(device: str, folder: str, opts: str) -> None:
    row = fstab.Row(device, f"/{folder}x", "ext4", opts, 1, 2)
    text = fstab.with_row(BEFORE.decode(), row)
    assert text.startswith(BEFORE.decode())
    assert fstab.find(text, row.folder) == row
    assert fstab.with_row(text, row) == text
    assert fstab.without(text, row.folder) == BEFORE.decode()
