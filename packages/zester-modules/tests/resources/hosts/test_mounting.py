"""mount.* on a whole host: something is mounted, and no longer."""

from hosts.host import Host
from zester_testing.host_law import hold_on, on_host


def test_a_file_system_is_mounted_and_unmounted(debian_host: Host) -> None:
    words = {"device": "tmpfs", "fstype": "tmpfs", "mkmnt": True, "opts": "size=1m,noexec"}
    came = hold_on(debian_host, "mount.mounted", "/srv/a/b", **words)
    assert [path for path, _, _ in came] == [
        "/etc/fstab:/srv/a/b", "/srv/a/b:folder", "/srv/a/b:mounted",
    ]  # fmt: skip
    assert debian_host.run(["mountpoint", "/srv/a/b"]).code == 0
    again = hold_on(debian_host, "mount.mounted", "/srv/a/b", **words | {"opts": "size=1m,nosuid"})
    assert [path for path, _, _ in again] == ["/etc/fstab:/srv/a/b", "/srv/a/b:options"]
    table = debian_host.run(["findmnt", "-no", "OPTIONS", "/srv/a/b"]).out
    assert "nosuid" in table
    assert "noexec" not in table
    words["opts"] = "size=2m,nosuid"
    assert hold_on(debian_host, "mount.mounted", "/srv/a/b", **words)
    assert "size=2048k" in debian_host.run(["findmnt", "-no", "OPTIONS", "/srv/a/b"]).out
    words["opts"] = "size=3m,nosuid"
    reaction = on_host(debian_host, "react", "mount.mounted", "/srv/a/b", **words)
    assert reaction["applied"] == [["/srv/a/b:reaction", None, "remounted"]]
    assert "size=3072k" in debian_host.run(["findmnt", "-no", "OPTIONS", "/srv/a/b"]).out
    assert hold_on(debian_host, "mount.unmounted", "/srv/a/b", persist=True)
    assert debian_host.run(["mountpoint", "/srv/a/b"]).code != 0
