"""Settings on their way to a peel: encrypted files, and one sealed bundle a peel (settings.md 2).

| bucket | key | value |
| --- | --- | --- |
| `settings-files` | `head` | Signed `SettingsHead` |
| `settings-files` | `<generation>.<name>` | a file, under its own key |
| `secrets` | the peel's token | `SealedBundle` |

A bundle is its peel's manifest: it names each file with key and digest, so that what a peel has
is of one moment, and what it may not read it cannot even name.
"""

from typing import Final, Literal

import msgspec

from zester_proto.messages.base import Message

Lists = Literal["replace", "append"]
"""What lists do where two files have one."""

FILES: Final = "settings-files"
BUNDLES: Final = "secrets"
HEAD: Final = "head"

BUNDLE_LIMIT: Final = 4 * 1024 * 1024
FILE_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of one settings file; a larger one is refused when it is published."""


class SettingsEntry(msgspec.Struct, frozen=True, array_like=True):
    """One line of the top files that means the peel, in their order."""

    env: str
    reference: str
    ignore_missing: bool = False


class SettingsFile(msgspec.Struct, frozen=True, array_like=True):
    """A file that the peel may read."""

    env: str
    path: str
    stored: str
    """Its key in `settings-files`."""
    digest: bytes
    """Of what is stored."""
    key: bytes
    """What opens it, with `file_aad`."""


class SettingsBundle(Message, frozen=True, kw_only=True, tag="secrets"):
    """All that one peel needs to render its settings; Signed as `secrets`, then sealed for it."""

    site: str
    peel: str
    recipient: str
    """Id of the X25519 key that it is sealed for."""
    generation: int
    """Only rises, over all bundles of the site."""
    issued: float
    entries: tuple[SettingsEntry, ...] = ()
    files: tuple[SettingsFile, ...] = ()
    secrets: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    """Values of the marked secrets that its files name."""
    lists: Lists = "replace"
    """What lists do where two files have one (`pillar_merge_lists`)."""
    short: tuple[str, ...] = ()
    """Names of those that are masked though they are shorter than six bytes."""


class BundleNote(msgspec.Struct, frozen=True, kw_only=True, tag="bundle-note", tag_field="t"):
    """What masters keep beside a bundle that they cannot open, sealed under the settings key."""

    generation: int
    recipient: str
    content: bytes
    """Keyed digest of the bundle without generation and time: the same says nothing changed."""
    files: dict[str, int]
    """Name of each file (keyed digest of environment and path) to the number of its key."""


class SealedBundle(Message, frozen=True, kw_only=True, tag="sealed-bundle"):
    """What lies in `secrets/<id>`."""

    sealed: bytes
    """`seal_to` the peel's key with `bundle_aad`, of an encoded Signed `SettingsBundle`."""
    note: bytes
    """`seal_with` the settings key and `note_aad`, of a `BundleNote`."""


class SettingsHead(Message, frozen=True, kw_only=True, tag="settings"):
    """What a master vouches for: which settings tree is published, and since when."""

    site: str
    generation: int
    issued: float
    publisher: str
    root: bytes
    """Keyed digest of the tree: masters compare it, and nobody else can guess at it."""
    files: int
    peels: int


class JobSecrets(Message, frozen=True, kw_only=True, tag="job-secrets"):
    """Arguments of a job that are secrets; Signed as `secrets`, sealed for a peel in `Job.sealed`.

    Nothing else of the job says their values: `key=secret:NAME` stays in its arguments.
    """

    site: str
    peel: str
    jid: str
    values: dict[str, str]
    """By the secret's name."""


def bundle_aad(site: str, peel: str) -> bytes:
    """Give what the seal of a bundle is bound to."""
    return f"zester/bundle/v1\0{site}\0{peel}".encode()


def note_aad(site: str, peel: str) -> bytes:
    """Give what the seal of a bundle's note is bound to."""
    return f"zester/bundle-note/v1\0{site}\0{peel}".encode()


def file_aad(site: str, stored: str) -> bytes:
    """Give what the seal of a settings file is bound to."""
    return f"zester/settings-file/v1\0{site}\0{stored}".encode()


def job_secrets_aad(site: str, peel: str, jid: str) -> bytes:
    """Give what the seal of a job's secret arguments is bound to."""
    return f"zester/job-secrets/v1\0{site}\0{peel}\0{jid}".encode()
