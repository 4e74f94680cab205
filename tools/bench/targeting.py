"""How fast a target is answered over 100,000 peels, and what the index costs."""

import gc
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from bench import figures
from zester_master.fleet.index import FleetIndex
from zester_proto import codec
from zester_proto.target import matches, parse

PEELS = 100_000
TIMES = 2_000
COMPOUND = "G@os:debian and web-* and not G@role:db or S@10.0.0.0/8"
OTHERS = (
    "G@roles:cache",
    "G@cpu:flags:avx512f",
    "G@cpu:count:>=8",
    "G@os_version:!=12",
    "G@site:*:row:a",
    "S@10.1.2.0/24",
    "*.fra.*",
    r"E@web-\d+5\.",
    "G@fqdn:web-*5.*",
    "G@network:interfaces:eth0:mtu:9000",
    "G@ipv4:1:10.0.0.5",
)
_SYSTEMS = (
    ("debian", "debian", "12", "bookworm", "6.1.0-18-amd64"),
    ("ubuntu", "debian", "22.04", "jammy", "5.15.0-91-generic"),
    ("ubuntu", "debian", "24.04", "noble", "6.8.0-31-generic"),
    ("rocky", "redhat", "9.3", "", "5.14.0-362.el9"),
)
_FLAGS = [f"flag{number}" for number in range(120)]


def run() -> None:
    """Print the figures: the index first, then its answers, the first one of each kind apart."""
    peels = _fleet(random.Random(7))
    print(f"{PEELS:,} peels of {_leaves(peels[0][1])} leaves")
    index = _build(peels)
    _answers(index, COMPOUND, aim="< 1 (runbook: 10)")
    _floor(index)
    for expression in OTHERS:
        _answers(index, expression)
    everybody = index.resolve(parse("*"))
    figures.line("all ids, sorted", _milliseconds(everybody.ids, 5), "ms")
    _changes(index, peels)
    _one_by_one(peels)


def _build(peels: list[tuple[str, dict[str, Any]]]) -> FleetIndex:
    seconds: list[float] = []
    index = FleetIndex()
    before = _memory()
    for turn in range(3):
        index = FleetIndex()
        gc.collect()
        # the process's own time: this machine may have others to serve
        began = time.process_time()
        for peel_id, facts in peels:
            index.put(peel_id, facts)
        seconds.append(time.process_time() - began)
        if turn == 0:
            print(f"memory of the index: {_memory() - before:.0f} MiB")
    figures.line("index of all fact sets", seconds, "s", aim="< 5", note="processor time")
    figures.line(
        "made ready for the first question", figures.timed(index.prepare, 1, warm_up=0), "s"
    )
    return index


def _answers(index: FleetIndex, expression: str, *, aim: str = "") -> None:
    node = parse(expression)
    first = _milliseconds(lambda: index.resolve(node), 1)
    count = index.resolve(node).count
    times = TIMES if aim else 50
    later = _milliseconds(lambda: index.resolve(node), times)
    name = expression if len(expression) <= 36 else "the compound target"
    figures.line(f"{name}: first", first, "ms", note=f"{count:,} peels")
    figures.line(f"{name}: then, median", later, "ms")
    if aim:
        figures.line(f"{name}: then, p99", [figures.percentile(later, 0.99)], "ms", aim=aim)
        index.forget_answers()
        figures.line(
            f"{name}: after globs are forgotten",
            _milliseconds(lambda: index.resolve(node), 1),
            "ms",
        )


def _floor(index: FleetIndex) -> None:
    """Print what the bitmaps of the compound target alone cost, already found, and the ratio."""
    parts = ("G@os:debian", "web-*", "G@role:db", "S@10.0.0.0/8")
    debian, web, db, net = (index.resolve(parse(part)).bitmap for part in parts)
    bare = _milliseconds(lambda: len(((debian & web) - db) | net), TIMES)
    node = parse(COMPOUND)
    ours = _milliseconds(lambda: index.resolve(node).count, TIMES)
    floor = figures.percentile(bare, 0.99)
    figures.line("the compound target: floor, its bitmaps alone, p99", [floor], "ms")
    figures.ratio("the compound target: over the floor", ours, bare)


def _changes(index: FleetIndex, peels: list[tuple[str, dict[str, Any]]]) -> None:
    some = peels[:2_000]
    same = [_microseconds(lambda p=peel: index.put(*p)) for peel in some]
    figures.line("the same facts again", same, "us")
    changed = [(peel_id, facts | {"load": 7.5, "note": peel_id}) for peel_id, facts in some]
    figures.line(
        "two leaves changed",
        [_microseconds(lambda p=peel: index.put(*p)) for peel in changed],
        "us",
    )


def _one_by_one(peels: list[tuple[str, dict[str, Any]]]) -> None:
    node = parse(COMPOUND)
    peel_id, facts = peels[0]
    samples = [_microseconds(lambda: matches(node, peel_id, facts)) for _ in range(1_000)]
    figures.line("one peel about itself", samples, "us")


def _milliseconds(work: Callable[[], object], times: int) -> list[float]:
    return [seconds * 1e3 for seconds in figures.timed(work, times, warm_up=0)]


def _microseconds(work: Callable[[], object]) -> float:
    return figures.timed(work, 1, warm_up=0)[0] * 1e6


def _memory() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _leaves(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_leaves, cast("dict[str, Any]", value).values()))
    return 1


def _fleet(chance: random.Random) -> list[tuple[str, dict[str, Any]]]:
    peels: list[tuple[str, dict[str, Any]]] = []
    for number in range(PEELS):
        role = chance.choice(("web", "web", "db", "app", "cache"))
        site = chance.choice(("ams", "fra", "nyc"))
        peel_id = f"{role}-{number:06d}.{site}.example.net"
        # as they come from the bus: nothing is shared between two peels
        facts = codec.unpack(codec.pack(_facts(chance, number, peel_id, role, site)))
        peels.append((peel_id, facts))
    chance.shuffle(peels)
    return peels


def _facts(
    chance: random.Random, number: int, peel_id: str, role: str, site: str
) -> dict[str, Any]:
    name, family, version, codename, kernel = chance.choice(_SYSTEMS)
    net = chance.choice(("10", "10", "172"))
    address = f"{net}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return {
        "id": peel_id,
        "os": name,
        "os_family": family,
        "os_version": version,
        "os_codename": codename,
        "kernel": "linux",
        "kernel_version": kernel,
        "arch": "amd64",
        "hostname": peel_id.partition(".")[0],
        "fqdn": peel_id,
        "domain": f"{site}.example.net",
        "default_ipv4": address,
        "ipv4": ["127.0.0.1", address],
        "ipv6": ["::1", f"2001:db8::{number:x}"],
        "virtual": chance.choice(("kvm", "physical")),
        "init": "systemd",
        "timezone": "UTC",
        "machine_id": f"{chance.getrandbits(128):032x}",
        "role": role,
        "roles": [role, *chance.sample(("nginx", "cache", "backup"), 1)],
        "load": chance.choice((0.5, 1.0, 2.5)),
        "note": "",
        "cpu": {
            "count": chance.choice((2, 4, 8, 16, 64)),
            "model": chance.choice(("Xeon", "EPYC")),
            "flags": _FLAGS + chance.choice(([], ["avx512f"])),
        },
        "memory": {"total": chance.choice((2, 4, 8)) << 30, "swap_total": 0},
        "disks": {"sda": {"size": chance.choice((40, 80)) << 30, "ssd": True}},
        "mounts": {"/": {"type": "ext4", "device": "/dev/sda1"}},
        "network": {
            "interfaces": {
                "lo": {"mtu": 65536, "addresses": ["127.0.0.1/8"]},
                "eth0": {"mac": f"52:54:{number:08x}", "mtu": chance.choice((1500, 9000))},
            }
        },
        "python": {"version": "3.11.7", "implementation": "cpython"},
        "zester": {"version": "0.1.0", "protocol": 1, "modules": "9f86d081884c7d65"},
        "site": {"name": site, "rack": {"row": chance.choice("abcd"), "unit": number % 42}},
        "team": chance.choice(("red", "blue")),
    }
