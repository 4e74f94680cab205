"""Who may say and hear what: one table, from which accounts, JWTs, docs and the matrix test come.

The subjects are those of bus.md 4. In the table `{id}` stands for the peel's token or the
operator's name; in a scoped template it becomes `{{name()}}`, in an export `*`.
"""

from enum import StrEnum
from typing import Final, Literal, NamedTuple

Account = Literal["SYS", "ZESTER", "PEELS", "OPS"]
ACCOUNTS: Final[tuple[Account, ...]] = ("SYS", "ZESTER", "PEELS", "OPS")

PEEL_PAYLOAD: Final = 512 * 1024
"""Bytes of one message of a peel."""

PEEL_SUBSCRIPTIONS: Final = 16
OPERATOR_SUBSCRIPTIONS: Final = 64
SERVER_PAYLOAD: Final = 8 * 1024 * 1024


class Flow(StrEnum):
    """Which way a subject crosses the border of account ZESTER."""

    TO_MASTERS = "service"
    FROM_MASTERS = "stream"


class Row(NamedTuple):
    """One line of the table."""

    account: Account
    """The account on the other side of the border."""
    subject: str
    flow: Flow
    threshold: float = 2.0
    """Seconds that the server holds the way back of an answer."""


STORE_THRESHOLD: Final = 15.0
"""Acks of a stream come after 5 to 7 s when its leader is lost (bus.md 1)."""

READABLE: Final = ("state-files", "settings-files", "update-manifests", "update-blobs", "trust")
"""Buckets of which a peel may read any key."""


def _to(subject: str, threshold: float = 2.0) -> Row:
    return Row("PEELS", subject, Flow.TO_MASTERS, threshold)


TABLE: Final[tuple[Row, ...]] = (
    Row("PEELS", "zester.cmd.all", Flow.FROM_MASTERS),
    Row("PEELS", "zester.cmd.peel.{id}", Flow.FROM_MASTERS),
    Row("PEELS", "zester.note.*", Flow.FROM_MASTERS),
    _to("zester.ack.*.{id}"),
    _to("zester.hb.{id}"),
    _to("zester.peel.{id}.hello"),
    _to("zester.peel.{id}.renew"),
    _to("zester.peel.{id}.basket"),
    _to("zester.event.{id}.>", STORE_THRESHOLD),
    _to("$KV.facts.{id}", STORE_THRESHOLD),
    _to("$KV.job-returns.*.{id}", STORE_THRESHOLD),
    _to("$KV.job-returns.*.{id}.*", STORE_THRESHOLD),
    _to("$KV.update-status.{id}.*", STORE_THRESHOLD),
    _to("$KV.basket.{id}.*", STORE_THRESHOLD),
    *(_to(f"$JS.API.DIRECT.GET.KV_{b}.$KV.{b}.>", STORE_THRESHOLD) for b in READABLE),
    _to("$JS.API.DIRECT.GET.KV_secrets.$KV.secrets.{id}", STORE_THRESHOLD),
    _to("$JS.API.DIRECT.GET.KV_secrets.$KV.secrets.{id}.*", STORE_THRESHOLD),
    Row("OPS", "zester.api.{id}.*", Flow.TO_MASTERS),
    Row("OPS", "zester.page.{id}.*", Flow.FROM_MASTERS),
)


class Role(StrEnum):
    """Who connects. The first three are operators (bus.md 3)."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"
    PEEL = "peel"
    MASTER = "master"
    PRESENCE = "presence"


OPERATOR_ROLES: Final = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)

VIEWER_VERBS: Final = frozenset({
    "target", "jobs", "job", "follow", "peels", "masters", "facts", "catalogue", "status",
    "whoami", "trust", "tree-status", "tree-diff", "settings", "basket",
})  # fmt: skip
OPERATOR_VERBS: Final = VIEWER_VERBS | {"run", "rerun", "resume", "cancel", "drain", "undrain"}
ADMIN_VERBS: Final = OPERATOR_VERBS | {"unquarantine", "tree-publish"}

VERBS: Final[dict[str, frozenset[str]]] = {
    Role.VIEWER: VIEWER_VERBS,
    Role.OPERATOR: OPERATOR_VERBS,
    Role.ADMIN: ADMIN_VERBS,
}
"""What each role may ask of a master; the server enforces the same by each role's template."""


class Template(NamedTuple):
    """What a user may publish and subscribe to; -1 is no limit of its own."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    publish_deny: tuple[str, ...] = ()
    payload: int = -1
    subscriptions: int = -1


_NAME: Final = "{{name()}}"
_OWN_INBOX: Final = f"_INBOX_{_NAME}.>"


def scoped_template(role: Role) -> Template:
    """Give the template of the scoped signing key of a role: peel, viewer, operator or admin."""
    if role is Role.PEEL:
        return Template(
            publish=tuple(_of("PEELS", Flow.TO_MASTERS)),
            subscribe=(*_of("PEELS", Flow.FROM_MASTERS), _OWN_INBOX),
            payload=PEEL_PAYLOAD,
            subscriptions=PEEL_SUBSCRIPTIONS,
        )
    return Template(
        publish=tuple(f"zester.api.{_NAME}.{verb}" for verb in sorted(VERBS[role])),
        subscribe=(*_of("OPS", Flow.FROM_MASTERS), _OWN_INBOX),
        payload=PEEL_PAYLOAD,
        subscriptions=OPERATOR_SUBSCRIPTIONS,
    )


def _of(account: Account, flow: Flow) -> list[str]:
    return [
        row.subject.replace("{id}", _NAME)
        for row in TABLE
        if row.account == account and row.flow is flow
    ]


def master_template(name: str) -> Template:
    """Give what a master may do in account ZESTER: all but deleting a stream."""
    return Template(
        publish=("zester.>", "$KV.>", "$JS.>", f"_INBOX_{name}.>", "_R_.>", "_INBOX_.>"),
        subscribe=("zester.>", "$KV.>", f"_INBOX_{name}.>"),
        publish_deny=("$JS.API.STREAM.DELETE.>",),
    )


def presence_template(name: str, peels_account: str) -> Template:
    """Give what the SYS user `presence` may do: see who of the peels is connected (bus.md 2)."""
    return Template(
        publish=("$SYS.REQ.SERVER.PING.CONNZ",),
        subscribe=(
            f"$SYS.ACCOUNT.{peels_account}.CONNECT",
            f"$SYS.ACCOUNT.{peels_account}.DISCONNECT",
            f"_INBOX_{name}.>",
        ),
    )


class Crossing(NamedTuple):
    """A subject that account ZESTER exports and another account imports."""

    account: Account
    subject: str
    flow: Flow
    threshold: float


def crossings() -> tuple[Crossing, ...]:
    """Give every export of ZESTER, which is also the import of the account that it names."""
    return tuple(
        Crossing(row.account, row.subject.replace("{id}", "*"), row.flow, row.threshold)
        for row in TABLE
    )
