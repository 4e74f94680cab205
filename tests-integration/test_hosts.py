import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hosts.fleet import HostFleet
from hosts.mounts import mounted_below
from hosts.network import Network
from hosts.yard import STATE, sweep
from zester_testing.fleet import eventually

TOOLS = Path(__file__).parents[1] / "tools"
SECRET = re.compile(r"\b(SU[A-Z2-7]{40,}|[0-9a-f]{64})\b")
NAMES = {"web-1", "web-2", "db-1"}


def test_a_peel_on_each_host_answers(host_fleet: HostFleet):
    host_fleet.wait_present(NAMES)
    done = host_fleet.zester("*", "cmd.run", "hostname", "--output=json").check()

    told = {
        peel_id: one["return"]["stdout"].strip() for peel_id, one in done.json()["peels"].items()
    }
    assert told == {name: name for name in NAMES}


def test_a_peel_s_keys_were_made_on_its_host_and_stayed_there(host_fleet: HostFleet):
    host = host_fleet.hosts["web-1"]
    texts = [host.read(f"/var/lib/zester/auth/{name}") for name in ("peel.creds", "box.key")]
    secrets = [match[1] for text in texts if (match := SECRET.search(text))]
    assert len(secrets) == 2

    for file in host_fleet.folder.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            assert not any(secret.encode() in data for secret in secrets), file


def test_a_host_that_is_cut_off_is_offline_and_comes_back(host_fleet: HostFleet):
    host_fleet.hosts["db-1"].cut()
    host_fleet.wait_present(NAMES - {"db-1"})
    counts = host_fleet.zester("*", "test.ping", "--output=json").json()["counts"]
    assert counts == {"ok": 2, "offline": 1}

    host_fleet.hosts["db-1"].mend()
    host_fleet.wait_present(NAMES)
    counts = host_fleet.zester("*", "test.ping", "--output=json").json()["counts"]
    assert counts == {"ok": 3}


def test_a_host_that_crashed_joins_again_by_itself(host_fleet: HostFleet):
    host = host_fleet.hosts["web-2"]
    host.crash()
    host_fleet.wait_present(NAMES - {"web-2"})

    host.start()
    host_fleet.wait_present(NAMES)
    assert host_fleet.zester("web-2", "test.ping", "--output=json").json()["counts"] == {"ok": 1}


@pytest.mark.usefixtures("hosts_layers")
@pytest.mark.hosts("systemd-nspawn", "ip", "iptables", "nsenter")
def test_what_a_killed_fleet_left_is_cleared_by_the_next(tmp_path: Path):
    config, process = started(tmp_path)
    yard = config.parents[4]
    process.kill()
    process.communicate()
    eventually(lambda: mounted_below(yard), "it left its mounts")

    sweep()

    assert left_of(yard) == []


@pytest.mark.usefixtures("hosts_layers")
@pytest.mark.hosts("systemd-nspawn", "ip", "iptables", "nsenter")
def test_ctrl_c_leaves_nothing_behind(tmp_path: Path):
    config, process = started(tmp_path)
    assert config.exists()

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)

    assert process.returncode == 0
    assert left_of(config.parents[4]) == []


def started(folder: Path) -> tuple[Path, subprocess.Popen[str]]:
    """Start what `make hosts N=1` starts, and give its config."""
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hosts", "1"],
            cwd=TOOLS,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("export ZESTER_CONFIG="), (folder / "log").read_text()
    return Path(line.partition("=")[2].strip()), process


def left_of(yard: Path) -> list[object]:
    """Give what there still is of a yard: folders, mounts, interfaces, rules, groups, records."""
    network = Network(int(yard.name), STATE)
    rules = [
        line
        for table in ("nat", "filter")
        for line in subprocess.run(
            ["iptables", "-w", "-t", table, "-S"], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        if network.mark in line.split() or network.bridge in line.split()
    ]
    groups = list(Path("/sys/fs/cgroup").glob(f"**/{network.bridge}h*"))
    interfaces = list(Path("/sys/class/net").glob(f"*{network.bridge}h*"))
    found: list[object] = [*mounted_below(yard), *rules, *groups, *interfaces]
    if yard.exists() or network.is_up or (STATE / f"{yard.name}.folder").exists():
        found.append(yard)
    return found
