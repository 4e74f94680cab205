"""mount.* on a whole host: something is mounted, and no longer."""

from hosts.host import Host
from zester_testing.host_law import hold_on


def test_a_file_system_is_mounted_and_unmounted(debian_host: Host) -> None:
    words = {"device": "tmpfs", "fstype": "tmpfs", "mkmnt": True, "opts": "size=1m,noexec"}
    came = hold_on(debian_host, "mount.mounted", "/srv/a/b", **words)
    assert [path for path, _, _ in came] == [
        "/etc/fstab:/srv/a/b", "/srv/a/b:folder", "/srv/a/b:mounted",
    ]  # fmt: skip
    assert debian_host.run(["mountpoint", "/srv/a/b"]).code == 0
    assert hold_on(debian_host, "mount.unmounted", "/srv/a/b", persist=True)
    assert debian_host.run(["mountpoint", "/srv/a/b"]).code != 0
