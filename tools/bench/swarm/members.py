"""Who the simulated peels are: real keys, real JWTs, made-up facts."""

import random
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from zester_master.site.masters import load_commons
from zester_master.site.peels import Admission
from zester_proto import PROTOCOL
from zester_proto.codec import encode, pack
from zester_proto.identity.nkeys import NKey
from zester_proto.identity.sealing import BoxKey, seal_with, shared_key
from zester_proto.identity.signing import key_id
from zester_proto.ids import new_instance, token
from zester_proto.messages.presence import Facts, Heartbeat, facts_aad
from zester_proto.subjects import kv

VERSION = "swarm"
_SYSTEMS = (("debian", "12"), ("debian", "13"), ("ubuntu", "24.04"), ("rocky", "9.3"))
_ROLES = ("web", "db", "cache", "queue", "edge")


class Member(NamedTuple):
    """A peel."""

    peel_id: str
    token: str
    instance: str
    jwt: str
    key: NKey
    shared: bytes
    """The key that it has in common with the masters."""
    return_key: str
    """Id of the masters' key."""


def peel_name(place: int) -> str:
    """Give the id of the peel at a place of the fleet."""
    return f"swarm-{place:05d}"


def admit(auth: Path, places: range) -> Iterator[Member]:
    """Admit peels to the site whose master's auth folder is given; some 0.3 ms each."""
    admission = Admission.load(auth)
    masters = load_commons(auth).trust.return_keys[0]
    now = time.time()
    for place in places:
        peel_id = peel_name(place)
        key, box = NKey.generate("user"), BoxKey.generate()
        jwt = admission.jwt(peel_id, nkey=key.public, box=box.public, now=now)
        yield Member(
            peel_id=peel_id,
            token=token(peel_id),
            instance=new_instance(secrets.token_hex(6)),
            jwt=jwt,
            key=key,
            shared=shared_key(box, masters),
            return_key=key_id(masters),
        )


def facts_message(member: Member, place: int) -> bytes:
    """Give what a peel puts into `facts`."""
    aad = facts_aad(kv("facts", member.token), member.return_key, PROTOCOL)
    sealed = seal_with(member.shared, aad, pack(facts_of(member.peel_id, place)))
    return encode(
        Facts(
            jwt=member.jwt,
            instance=member.instance,
            return_key=member.return_key,
            sealed=sealed,
        )
    )


def heartbeat_message(member: Member) -> bytes:
    """Give a peel's heartbeat."""
    return encode(Heartbeat(instance=member.instance, version=VERSION))


def facts_of(peel_id: str, place: int) -> dict[str, Any]:
    """Make facts up: some forty leaves, the same for a place each time."""
    chance = random.Random(place)
    name, version = chance.choice(_SYSTEMS)
    address = f"10.{place >> 16 & 255}.{place >> 8 & 255}.{place & 255}"
    return {
        "id": peel_id,
        "os": name,
        "os_family": "redhat" if name == "rocky" else "debian",
        "os_name": name.title(),
        "os_version": version,
        "kernel": "linux",
        "kernel_version": "6.1.0-18-amd64",
        "arch": "x86_64",
        "virtual": chance.choice(("kvm", "physical", "lxc")),
        "init": "systemd",
        "timezone": "UTC",
        "machine_id": f"{chance.getrandbits(128):032x}",
        "hostname": peel_id,
        "fqdn": f"{peel_id}.example.com",
        "domain": "example.com",
        "ipv4": ["127.0.0.1", address],
        "ipv6": ["::1"],
        "default_ipv4": {"address": address, "interface": "eth0", "gateway": "10.0.0.1"},
        "cpu": {"count": chance.choice((2, 4, 8, 16)), "model": "simulated", "flags": ["sse2"]},
        "memory": {"total": chance.choice((2, 4, 8)) << 30, "swap": 0},
        "roles": sorted(chance.sample(_ROLES, 2)),
        "python": {"version": "3.11.7", "implementation": "cpython"},
        "zester": {"version": VERSION, "protocol": PROTOCOL},
    }
