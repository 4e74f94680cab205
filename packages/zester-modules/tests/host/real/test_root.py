"""A machine whose root is another folder: its commands and accounts are those of that root."""

from pathlib import Path

from hosts.root import Root
from zester_modules.host.machine import Command
from zester_modules.host.real import RealMachine


def test_commands_see_the_root_as_theirs(debian_root: Root, tmp_path: Path):
    machine = RealMachine(tmp_path, root=str(debian_root.path))
    machine.write("/etc/marker", b"inside", mode=0o644, uid=0, gid=0)
    line = "cat /etc/marker; pwd; id -un; id -Gn; umask"
    done = machine.do(Command(shell=line, cwd="/tmp", runas="nobody", umask=0o27, env={"A": "b"}))
    assert done.exit_code == 0, done.stderr
    assert done.stdout == b"inside/tmp\nnobody\nnogroup\n0027\n"
    assert machine.users()["nobody"].uid == 65534
    assert machine.which("dpkg") == "/usr/bin/dpkg"
    assert machine.ask(Command(argv=("false",))).exit_code == 1
