"""Settings of a real Debian host: repositories, alternatives, time zone, the kernel's."""

from hosts.host import Host
from zester_testing.host_law import hold_on, refused

KEY = """-----BEGIN PGP PUBLIC KEY BLOCK-----

AQID
=AAAA
-----END PGP PUBLIC KEY BLOCK-----
"""


def test_a_repository_comes_changes_and_goes(debian_host: Host):
    host = debian_host
    name = "deb http://127.0.0.1:9/debian stable main"
    place = "/etc/apt/sources.list.d/127.0.0.1-9-debian.list"
    came = hold_on(host, "pkgrepo.managed", name, refresh=False, key_text=KEY)
    key = "/etc/apt/keyrings/127.0.0.1-9-debian.asc"
    assert [path for path, _, _ in came] == [f"{key}:digest", f"{place}:contents"]
    assert host.read(place) == (f"deb [signed-by={key}] http://127.0.0.1:9/debian stable main\n")
    assert host.read(key) == KEY
    kept = {"signedby": "/etc/apt/keyrings/a.gpg", "comps": "main,contrib"}
    assert hold_on(host, "pkgrepo.managed", name, refresh=False, key_text=KEY, **kept)
    assert host.read("/etc/apt/keyrings/a.gpg") == "\x01\x02\x03"
    assert host.read(place).splitlines()[1:] == []
    assert hold_on(host, "pkgrepo.absent", name, refresh=False) != []
    assert host.run(["test", "-e", place]).code == 1
    assert hold_on(host, "pkgrepo.absent", name, refresh=False) == []
    stanza = "/etc/apt/sources.list.d/a.sources"
    assert hold_on(host, "pkgrepo.managed", name, refresh=False, file=stanza, disabled=True)
    assert host.read(stanza).endswith("Components: main\nEnabled: no\n")
    assert hold_on(host, "pkgrepo.absent", name, refresh=False)
    assert "no repository" in refused(host, "pkgrepo.managed", "some words")


def test_alternatives_are_offered_taken_and_left(debian_host: Host):
    host = debian_host
    for one in ("one", "two"):
        host.write(f"/opt/{one}", "#!/bin/sh\n", 0o755)
        assert hold_on(
            host, "alternatives.install", "thing", link="/usr/bin/thing", path=f"/opt/{one}",
            priority=10 if one == "one" else 20,
        ) == [(f"thing:/opt/{one}", None, 10 if one == "one" else 20)]  # fmt: skip
    assert hold_on(host, "alternatives.set", "thing", path="/opt/one") == [
        ("thing:auto", True, False), ("thing:value", "/opt/two", "/opt/one"),
    ]  # fmt: skip
    assert hold_on(host, "alternatives.auto", "thing") == [
        ("thing:auto", False, True), ("thing:value", "/opt/one", "/opt/two"),
    ]  # fmt: skip
    assert "no alternative" in refused(host, "alternatives.set", "thing", path="/opt/three")
    assert hold_on(host, "alternatives.remove", "thing", path="/opt/two")
    assert hold_on(host, "alternatives.remove", "thing", path="/opt/two") == []


def test_the_time_zone_and_settings_of_the_kernel(debian_host: Host):
    host = debian_host
    host.run(["mkdir", "-p", "/usr/share/zoneinfo/Mars"]).check()
    host.write("/usr/share/zoneinfo/Mars/Base", "TZif2")
    host.write("/etc/timezone", "Etc/UTC\n")
    assert [path for path, _, _ in hold_on(host, "timezone.system", "Mars/Base")] == [
        "timezone:link", "timezone:name",
    ]  # fmt: skip
    assert host.read("/etc/timezone") == "Mars/Base\n"
    assert "no zone" in refused(host, "timezone.system", "../../../etc/passwd")
    kept = "/etc/sysctl.d/50-test.conf"
    host.write(kept, "# ours\nnet.ipv4.ip_forward=0\nnet/ipv4/ip_forward = 0\n")
    set_it = hold_on(host, "sysctl.present", "net.ipv4.ip_forward", value="1", config=kept)
    assert set_it[0] == ("net.ipv4.ip_forward:kept", "0", "1")
    assert host.read(kept) == "# ours\nnet.ipv4.ip_forward = 1\n"
    assert "no setting" in refused(host, "sysctl.present", "net.no.such", value="1")
