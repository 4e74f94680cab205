"""What operators ask, and what masters vouch for (bus.md 3).

What each verb gives, all values packed maps or lists:

| verb | answer's value | rows of its pages: key, outcome, data |
| --- | --- | --- |
| run, rerun, resume | `{jid, count, epoch, target, function}` | if `follow`: as `follow` |
| follow, job | `{jid, count, epoch}` | peel, outcome, plain text of its return (`split_return`) |
| jobs | nil | jid, state, map of the fields of `job_info` |
| target | `{count}`, with `explain` also `explain: [{text, count}]` | peel, state, nothing |
| peels | nil | peel, state, `{state, since, version, address, instance, facts, clock, problem}` |
| facts | nil | peel, nothing, map of its facts; of those asked, by the path as asked |
| catalogue | without digest `[{digest, peels}]` | with one: digest, nothing, the catalogue |
| masters | `[{name, instance, version, started, time, active, bundle, address}]` | |
| status | `{master, peels: {state: n}, jobs, conditions: [{code severity text hint}]}` | |
| whoami | `{name, role, verbs, master, bundle, site}` | |
| trust | list of encoded `SignedBundle`, oldest first; ask again until it is empty | |
| cancel | `{jid, state}` | |
| drain, undrain | `{peels, number}` | |
| tree-status | `{master, holder, published, problems, masters, settings}` | |
| tree-diff | nil | `environment:path`, `added removed changed`, `{diff}` |
| tree-publish | `{time}` | |
| unquarantine | `{peels}` | |
| settings | nil | peel, `unknown` where nothing can be said, a map by `SettingsLook.what` |
| basket | nil | peel, nothing, `{value, at}`; without a name a list of `{name, at, bytes}` |

States of peels: `present absent refused drained quarantined revoked`. `job_info`: `jid state target
function arguments (their names) operator created deadline timeout count counts owners closed parent
part children test batch`. Pages of one epoch are numbered from 0 and chained. When another master
takes a job over, its pages begin again at 0 under the higher epoch, with all that is known: the
reader drops what it has.
"""

from typing import Literal

import msgspec

from zester_proto.messages.base import Message

PAGE_BYTES = 256 * 1024
PAGE_ROWS = 500
PAGE_SECONDS = 0.05
REQUEST_LIFE = 60.0
"""Seconds between `issued` and `expires`, at most."""


class Request(Message, frozen=True, kw_only=True, tag="request"):
    """What an operator asks; travels as Signed by the operator's nkey. Times are Unix seconds."""

    site: str
    id: str
    """The request's own id: 24 hexadecimal digits; pages go to `zester.page.<operator>.<id>`."""
    verb: str
    issued: float
    expires: float
    arguments: msgspec.Raw
    """One of the `...Ask` structs below, by the verb."""


class RunAsk(Message, frozen=True, kw_only=True, tag="run"):
    """Verb `run`: a job."""

    jid: str
    target: str
    function: str
    args: msgspec.Raw
    kwargs: msgspec.Raw
    timeout: float = 60.0
    test: bool = False
    batch: str = ""
    """`N` or `N%`; with the rest as in issue 4."""
    batch_wait: float = 0.0
    canary: int = 0
    max_fail: str = ""
    parent: str = ""
    follow: bool = True
    """Send pages; false for --async."""


Part = Literal["all", "failed", "missing", "unasked"]
"""Which peels of a job: all; those that failed; those offline, lost or never asked; the latter."""


class AgainAsk(Message, frozen=True, kw_only=True, tag="again"):
    """Verbs `rerun` and `resume`: a closed job once more, on a part of its frozen list.

    Function and arguments are the parent's; so is what is empty or 0 here, save that `resume` stops
    for failures only if told so.
    """

    jid: str
    parent: str
    part: Part = "all"
    """`resume` is always about those that were never asked."""
    timeout: float = 0.0
    test: bool = False
    batch: str = ""
    batch_wait: float = 0.0
    canary: int = 0
    max_fail: str = ""
    follow: bool = True


class JobAsk(Message, frozen=True, kw_only=True, tag="job"):
    """Verbs `job`, `follow` and `cancel`: one job."""

    jid: str
    peel: str = ""
    values: bool = True


class JobsAsk(Message, frozen=True, kw_only=True, tag="jobs"):
    """Verb `jobs`: the jobs that are kept, newest first."""

    active: bool = False
    limit: int = 50
    state: str = ""
    function: str = ""
    target: str = ""
    operator: str = ""
    since: float = 0.0


class TargetAsk(Message, frozen=True, kw_only=True, tag="target"):
    """Verbs `target` and `peels`: who matches."""

    target: str = "*"
    explain: bool = False


class FactsAsk(Message, frozen=True, kw_only=True, tag="facts"):
    """Verb `facts`: values from the masters' index; no keys are all of them."""

    target: str
    keys: tuple[str, ...] = ()


class CatalogueAsk(Message, frozen=True, kw_only=True, tag="catalogue"):
    """Verb `catalogue`: the digests (empty digest) or one catalogue."""

    digest: str = ""


class SettingsLook(Message, frozen=True, kw_only=True, tag="settings-look"):
    """Verb `settings`: what a master knows of the settings of peels."""

    what: Literal["show", "get", "trace", "digests"]
    """Gives `settings, unknown, warnings`, or `value` (nothing where there is none), or `rows` of
    `place env did value` (if there are none also `meant`, a setting whose name is like it), or
    `digests, unknown` by names at the top; `error, hint` where it cannot be known."""
    target: str
    key: str = ""
    """Of `get` and `trace`: `nginx:port` looks into a map."""
    reveal: bool = False
    """Of `show`, by administrators: with the values of secrets."""


class BasketLook(Message, frozen=True, kw_only=True, tag="basket-look"):
    """Verb `basket`: what peels share under a name; without one, which names they share."""

    target: str = "*"
    name: str = ""


class TrustAsk(Message, frozen=True, kw_only=True, tag="trust"):
    """Verb `trust`: the bundles after a version."""

    after: int = 0


class DrainAsk(Message, frozen=True, kw_only=True, tag="drain"):
    """Verbs `drain` and `undrain`."""

    target: str


class PeelAsk(Message, frozen=True, kw_only=True, tag="peel"):
    """Verb `unquarantine`: one peel."""

    id: str


class NothingAsk(Message, frozen=True, kw_only=True, tag="nothing"):
    """Verbs that need nothing: `masters`, `status`, `whoami`, those of trees."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a master says no."""

    code: str
    """`usage no-match role stale conflict unknown busy internal unavailable`."""
    text: str
    hint: str = ""


class Answer(Message, frozen=True, kw_only=True, tag="answer"):
    """The signed yes or no of a master to one request."""

    request: str
    time: float
    """Site time in seconds."""
    master: str
    problem: Problem | None = None
    value: msgspec.Raw = msgspec.Raw(b"\xc0")
    """What fits into the answer itself: a packed value."""
    pages: bool = False
    """Pages follow."""


class PageRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One peel's (or list item's) part: `data` is `offset` bytes into `total`.

    The outcome counts when the last part is there. In pages of a job `data` is the plain text of
    the return (`split_return`), in lists a packed map, and `key` the peel's id or the item's name.
    A second row of the same key, from offset 0, takes the place of the first.
    """

    key: str
    outcome: str = ""
    offset: int = 0
    total: int = 0
    data: bytes = b""
    late: str = ""


class Page(Message, frozen=True, kw_only=True, tag="page"):
    """A signed page of what a request gives, in order from 0."""

    request: str
    jid: str = ""
    epoch: int = 0
    master: str = ""
    n: int
    previous: bytes = b""
    """Digest of the body of the page before; empty on page 0."""
    rows: tuple[PageRow, ...] = ()
    counts: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    final: bool = False
    info: msgspec.Raw = msgspec.Raw(b"\xc0")
    """Page 0 of a job, and its last one when it has ended: the packed `job_info`; else nil."""
