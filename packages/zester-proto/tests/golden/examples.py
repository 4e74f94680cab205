"""One example of every message; run this file to write what is missing in the newest folder.

A file once committed is never rewritten: bytes like it lie in buckets and come from peels that
nobody has upgraded yet. A message that gains a field gains a default, and its old file stays.
"""

from pathlib import Path
from typing import Final

import msgspec

from zester_proto import PROTOCOL
from zester_proto.codec import encode, pack
from zester_proto.messages import basket, events, jobs, operators, presence, records, trees, trust

JID: Final = "3MXLPnmdvbiFFEMMeCL7YBci35N"
SITE: Final = "0123456789abcdef0123456789abcdef"
FOLDER: Final = Path(__file__).parent
NEWEST: Final = FOLDER / f"v{PROTOCOL}"

_SIGNED: Final = trust.Signed(type="bundle", key_id="0011223344556677", body=b"body", sig=b"s" * 64)
_NIL: Final = msgspec.Raw(pack(None))


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(pack(value))


EXAMPLES: Final[dict[str, msgspec.Struct]] = {
    "signed": _SIGNED,
    "bundle": trust.TrustBundle(
        site=SITE,
        version=2,
        previous=b"p" * 32,
        issued=1.5,
        job_keys=(trust.MasterKey(master="m1", public=b"k" * 32),),
        return_keys=(b"r" * 32,),
        cas=("PEM",),
        operators=(trust.OperatorEntry(name="alice", nkey="UABC", role="admin"),),
        next_root=b"n" * 32,
    ),
    "bundle-key": trust.BundleKeyCertificate(
        site=SITE, public=b"k" * 32, not_before=1.0, not_after=2.0
    ),
    "signed-bundle": trust.SignedBundle(bundle=_SIGNED, certificate=_SIGNED),
    "manifest": trees.Manifest(
        environment="base", files=(trees.TreeFile("nginx/init.zy", 0o644, 7, (b"b" * 32,)),)
    ),
    "manifest-links": trees.Manifest(
        environment="base",
        files=(trees.TreeFile("nginx/init.zy", 0o644, 7, (b"b" * 32,)),),
        folders=("nginx/cache",),
        links=(trees.TreeLink("nginx/enabled", "/etc/nginx/available"),),
    ),
    "tree": trees.TreeHead(
        site=SITE,
        generation=1_800_000_000,
        root=b"r" * 32,
        issued=1.0,
        publisher="m1",
        environments={"base": trees.TreeEnvironment(manifest=b"m" * 32, files=1, bytes=7)},
    ),
    "join": trust.JoinRequest(id="web-1.example", nkey="UABC", box=b"b" * 32, issued=1.0),
    "join-bundle": trust.JoinBundle(
        id="web-1.example",
        site=SITE,
        root=b"r" * 32,
        jwt="e30.e30.sig",
        nats_url="tls://nats:4222",
        cas=("PEM",),
        bundles=(trust.SignedBundle(bundle=_SIGNED),),
    ),
    "job": jobs.Job(
        site=SITE,
        jid=JID,
        epoch=7,
        attempt=2,
        first_issued=1.0,
        issued=2.0,
        start_before=122.0,
        deadline=62.0,
        function="cmd.run",
        args=_raw(["ls", "-l"]),
        kwargs=_raw({"cwd": "/"}),
        sealed=b"sealed",
        timeout=30.0,
        test=True,
        operator="alice",
        environment="base",
        tree=b"t" * 32,
        needs=("states",),
        to=jobs.ToOne(id="web-1.example"),
    ),
    "job-to-all": jobs.Job(
        site=SITE,
        jid=JID,
        epoch=7,
        first_issued=1.0,
        issued=1.0,
        start_before=121.0,
        deadline=61.0,
        function="test.ping",
        args=_raw([]),
        kwargs=_raw({}),
        to=jobs.ToAll(count=10_000),
    ),
    "cancel": jobs.Cancel(site=SITE, jid=JID, epoch=7, issued=1.0, operator="alice"),
    "drain": jobs.Drain(site=SITE, id="web-1", number=3, on=True, issued=1.0, operator="alice"),
    "ack": jobs.Ack(instance="i1", epoch=7),
    "return": jobs.Return(
        epoch=7,
        outcome=jobs.Outcome.WOULD_CHANGE,
        return_key="0011223344556677",
        size=5,
        digest=b"d" * 32,
        sealed=b"sealed",
    ),
    "return-head": jobs.Return(
        epoch=7,
        outcome=jobs.Outcome.OK,
        return_key="0011223344556677",
        size=500_000,
        digest=b"d" * 32,
        parts=2,
    ),
    "return-part": jobs.ReturnPart(part=1, sealed=b"sealed"),
    "return-meta": jobs.ReturnMeta(
        instance="i1", started=1.0, seconds=0.5, error="no", hint="try", truncated=True
    ),
    "hb": presence.Heartbeat(instance="i1", version="0.1.0", running=(JID,)),
    "hello": presence.Hello(nonce=b"n" * 16, instance="i1", version="0.1.0", clock=1.0, bundle=2),
    "welcome": presence.Welcome(
        site=SITE, id="web-1", nonce=b"n" * 16, time=1.0, bundle=2, drain=3, drained=True
    ),
    "renew": presence.Renew(nonce=b"n" * 16, jwt="e30.e30.sig"),
    "renewed": presence.Renewed(
        site=SITE, id="web-1", nonce=b"n" * 16, jwt="e30.e30.sig", refused="no"
    ),
    "facts": presence.Facts(
        jwt="e30.e30.sig", instance="i1", return_key="0011223344556677", sealed=b"sealed"
    ),
    "event": events.Event(id=JID, return_key="0011223344556677", sealed=b"sealed"),
    "master": presence.MasterBeat(
        name="m1", instance="i1", version="0.1.0", started=1.0, time=2.0, active=3, bundle=2
    ),
    "note": presence.Note(bucket="trust", revision=9),
    "request": operators.Request(
        site=SITE,
        id="a" * 24,
        verb="run",
        issued=1.0,
        expires=61.0,
        arguments=_raw({"t": "nothing"}),
    ),
    "run": operators.RunAsk(
        jid=JID,
        target="web-*",
        function="cmd.run",
        args=_raw(["ls"]),
        kwargs=_raw({}),
        timeout=30.0,
        test=True,
        batch="10%",
        batch_wait=1.0,
        canary=1,
        max_fail="2",
        parent=JID,
        follow=False,
    ),
    "again-ask": operators.AgainAsk(jid=JID, parent=JID, part="failed", timeout=30.0, follow=False),
    "job-ask": operators.JobAsk(jid=JID, peel="web-1", values=False),
    "jobs-ask": operators.JobsAsk(active=True, limit=5, state="running", since=1.0),
    "target-ask": operators.TargetAsk(target="web-*", explain=True),
    "facts-ask": operators.FactsAsk(target="*", keys=("os",)),
    "catalogue-ask": operators.CatalogueAsk(digest="ab"),
    "trust-ask": operators.TrustAsk(after=1),
    "drain-ask": operators.DrainAsk(target="web-1"),
    "peel-ask": operators.PeelAsk(id="web-1"),
    "nothing-ask": operators.NothingAsk(),
    "answer": operators.Answer(
        request="a" * 24,
        time=1.0,
        master="m1",
        problem=operators.Problem(code="no-match", text="nobody", hint="look"),
        value=_NIL,
        pages=True,
    ),
    "page": operators.Page(
        request="a" * 24,
        jid=JID,
        epoch=7,
        master="m1",
        n=1,
        previous=b"p" * 32,
        rows=(operators.PageRow(key="web-1", outcome="ok", offset=3, total=9, data=b"abc"),),
        counts={"ok": 1},
        final=True,
        info=_NIL,
    ),
    "job-record": records.JobRecord(
        jid=JID,
        owner="i1",
        owners=("m1", "m2"),
        operator="alice",
        request=b"sealed",
        request_digest=b"d" * 32,
        target="*",
        function="test.ping",
        argument_names=("text",),
        created=1.0,
        first_issued=1.0,
        deadline=61.0,
        timeout=60.0,
        count=3,
        parts=1,
        broadcast=True,
    ),
    "peels": records.PeelList(ids=("a", "b"), absent=(1,)),
    "active": records.ActiveJob(jid=JID, owner="i1", epoch=7),
    "summary": records.JobSummary(
        jid=JID, state="complete", counts={"ok": 2}, closed=2.0, parts=1, owners=("m1",)
    ),
    "outcomes": records.Outcomes(
        rows=(records.OutcomeRow(id="a", outcome="failed", seconds=0.5, error="no", asked=True),)
    ),
    "job-event": records.JobEvent(
        jid=JID, what="closed", time=1.0, master="m1", operator="alice", counts={"ok": 2}, epoch=7
    ),
    "basket": basket.BasketEntry(return_key="0123456789abcdef", sealed=b"sealed"),
    "basket-ask": basket.BasketAsk(nonce=b"n" * 16, target="G@role:db", name="ip", after="a"),
    "basket-view": basket.BasketView(
        site=SITE,
        id="a",
        nonce=b"n" * 16,
        target="G@role:db",
        name="ip",
        time=2.0,
        rows=(basket.BasketRow("b", 1.0, pack("10.0.0.1")),),
        more=True,
        problem="no",
        hint="ask",
    ),
    "settings-look": operators.SettingsLook(what="get", target="*", key="nginx:port", reveal=True),
    "basket-look": operators.BasketLook(target="*", name="ip"),
    "audit": records.Audit(
        area="auth", what="failure", time=1.0, master="m1", peel="a", data={"why": "forged"}
    ),
}


def write_missing() -> None:
    """Write a file for each example that has none."""
    NEWEST.mkdir(exist_ok=True)
    for name, example in EXAMPLES.items():
        path = NEWEST / f"{name}.msgpack"
        if not path.exists():
            path.write_bytes(encode(example))


if __name__ == "__main__":
    write_missing()
