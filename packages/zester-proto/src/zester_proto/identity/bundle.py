"""The chain of trust: a pinned site root, and the bundles that it answers for (bus.md 2).

A bundle is signed by the root, or by a bundle key that the root certified for a time. Each names
the digest of the one before, so that whoever is behind walks to the newest and nobody goes back.
A bundle that the root itself signs ends every certificate that began before it: so the root takes
back a bundle key. Only such a bundle announces the next root: a bundle key that leaked must not.
The first bundle that the announced root itself signs makes it the root; the site keeps its name.
"""

import contextlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from zester_proto.codec import decode, digest, encode
from zester_proto.errors import CodecError, FileProblem, ZesterError
from zester_proto.files import make_private_folder, read_file, write_atomic
from zester_proto.identity.keyfile import read_public, write_public
from zester_proto.identity.signing import (
    BadSignature,
    SigningKey,
    key_id,
    sign,
    site_id,
    verify,
)
from zester_proto.messages.trust import (
    BundleKeyCertificate,
    MasterKey,
    OperatorEntry,
    Signed,
    SignedBundle,
    SignedType,
    TrustBundle,
)

ROOT_FILE: Final = "root.pub"
_KEPT: Final = 8
"""Newest bundles on disk; more than can appear while another process reads the folder."""

_NAME: Final = re.compile(r"bundle\.([1-9][0-9]{0,8})", re.ASCII)


class TrustError(ZesterError):
    """Raised when a bundle, or what is signed under it, is not to be trusted."""


def certify(
    root: SigningKey, public: bytes, not_before: float, not_after: float, *, site: str = ""
) -> Signed:
    """Give the root's word that a key may sign bundles between two moments (Unix seconds).

    Args:
        root: the site's present root.
        public: the bundle key.
        not_before: when its certificate begins.
        not_after: when it ends.
        site: where this is not the root that the site is named after.
    """
    site = site or site_id(root.public)
    certificate = BundleKeyCertificate(
        site=site, public=public, not_before=not_before, not_after=not_after
    )
    return sign(root, "bundle-key", site, encode(certificate))


def sign_bundle(
    bundle: TrustBundle, key: SigningKey, certificate: Signed | None = None
) -> SignedBundle:
    """Sign a bundle with the root (no certificate) or with a certified bundle key."""
    return SignedBundle(
        bundle=sign(key, "bundle", bundle.site, encode(bundle)), certificate=certificate
    )


class _State(NamedTuple):
    bundle: TrustBundle
    history: tuple[SignedBundle, ...]
    certified_from: float
    job_keys: dict[str, MasterKey]
    root: bytes
    announced: SignedBundle | None
    """The newest bundle of the root itself, if it announces another root."""
    successions: tuple[SignedBundle, ...]
    """For each change of the root, the bundle that announced it and the first of the new one."""


class TrustStore:
    """Whom one member of a site trusts.

    Attributes:
        root: the pinned root's public key, from which all else follows.
        site: the site's name, which is the digest of that key.
    """

    def __init__(self, root: bytes) -> None:
        self.root = root
        self.site = site_id(root)
        empty = TrustBundle(site=self.site, version=0, issued=0)
        self._state = _State(empty, (), 0.0, {}, root, None, ())

    @property
    def bundle(self) -> TrustBundle:
        """The newest bundle; version 0 and empty before the first is accepted."""
        return self._state.bundle

    @property
    def history(self) -> tuple[SignedBundle, ...]:
        """What was accepted, oldest first; the last one is `bundle`."""
        return self._state.history

    @property
    def present_root(self) -> bytes:
        """The root whose word counts now: the pinned one, or what it and its heirs announced."""
        return self._state.root

    @property
    def version(self) -> int:
        """The newest version; 0 is none."""
        return self.bundle.version

    @property
    def return_keys(self) -> tuple[bytes, ...]:
        """X25519 keys of the masters; the first is the one to seal for."""
        return self.bundle.return_keys

    @property
    def operators(self) -> dict[str, OperatorEntry]:
        """The operators by name."""
        return {one.name: one for one in self.bundle.operators}

    def job_key(self, wanted: str) -> MasterKey | None:
        """Give the job key with that id, or nothing."""
        return self._state.job_keys.get(wanted)

    def verify_master(self, signed: Signed, kind: SignedType) -> tuple[bytes, str]:
        """Give the body of what a master signed, and the master's name.

        Raises:
            TrustError: the newest bundle holds no such key; a newer one may.
            BadSignature: the signature is wrong.
        """
        key = self._state.job_keys.get(signed.key_id)
        if key is None:
            raise TrustError(
                f"a {kind} is signed by key {signed.key_id}, which is no master's in version "
                f"{self.version} of the trust bundle"
            )
        return verify(signed, key.public, kind, self.site), key.master

    def accept(self, signed: SignedBundle, *, now: float | None = None) -> bool:
        """Take a bundle as the newest; false if it is already known.

        The first bundle may have any version; each further one must follow the newest.

        Args:
            signed: the bundle.
            now: Unix time, where it is known: the bundle key's certificate must still hold.

        Raises:
            TrustError: not signed for this site, lower, forked, or not the next one.
        """
        if any(one.bundle.body == signed.bundle.body for one in self.history):
            return False
        bundle, by_root = self._verified(signed, now)
        self._check_new(bundle)
        if self.version:
            self._check_follows(bundle)
        self._take(signed, bundle, by_root=by_root)
        return True

    def walk(self, bundles: Iterable[SignedBundle], *, now: float | None = None) -> int:
        """Take all bundles from the newest known to the newest given; give how many.

        Only the last is held against `now`: it names the digests of those before it, whose
        certificates may have lapsed meanwhile. On an error nothing is taken.

        Raises:
            TrustError: as for `accept`.
        """
        before, given = self._state, list(bundles)
        last = len(given) - 1
        try:
            return sum(
                self.accept(one, now=now if n == last else None) for n, one in enumerate(given)
            )
        except TrustError:
            self._state = before
            raise

    def _verified(self, signed: SignedBundle, now: float | None) -> tuple[TrustBundle, bool]:
        try:
            if signed.certificate is None:
                certificate, public = None, self._root_of(signed)
            else:
                body = verify(signed.certificate, self.present_root, "bundle-key", self.site)
                certificate = decode(body, BundleKeyCertificate)
                public = certificate.public
            bundle = decode(verify(signed.bundle, public, "bundle", self.site), TrustBundle)
        except (BadSignature, CodecError) as error:
            raise TrustError(f"a trust bundle is not signed for this site: {error}") from error
        if bundle.site != self.site:
            raise TrustError(f"a trust bundle is for site {bundle.site}, this is {self.site}")
        if bundle.version < 1:
            raise TrustError(f"a trust bundle has version {bundle.version}")
        if certificate is not None:
            self._check_certificate(certificate, bundle, now)
        return bundle, certificate is None

    def _root_of(self, signed: SignedBundle) -> bytes:
        """Give the root that is to have signed a bundle: the present one, or the announced one."""
        next_root = self._announced
        if next_root and signed.bundle.key_id == key_id(next_root):
            return next_root
        return self.present_root

    @property
    def _announced(self) -> bytes:
        announced = self._state.announced
        return decode(announced.bundle.body, TrustBundle).next_root if announced else b""

    def _check_certificate(
        self, certificate: BundleKeyCertificate, bundle: TrustBundle, now: float | None
    ) -> None:
        name = f"the key that signed trust bundle {bundle.version}"
        if certificate.site != self.site:
            raise TrustError(f"{name} is certified for another site")
        if not certificate.not_before <= bundle.issued <= certificate.not_after:
            raise TrustError(f"{name} was not certified when it was issued")
        if bundle.version > self.version and certificate.not_before < self._state.certified_from:
            raise TrustError(f"{name} was taken back by the site root")
        if now is not None and now > certificate.not_after:
            raise TrustError(
                f"the certificate of {name} has lapsed",
                hint="have the site root certify a bundle key and issue the next bundle",
            )

    def _check_new(self, bundle: TrustBundle) -> None:
        if bundle.version > self.version:
            return
        if bundle.version == self.version:
            raise TrustError(
                f"two different trust bundles have version {bundle.version}",
                hint="the bundle key signed both: look for who else holds it",
            )
        raise TrustError(f"trust bundle {bundle.version} is older than {self.version}")

    def _check_follows(self, bundle: TrustBundle) -> None:
        if bundle.version != self.version + 1:
            raise TrustError(
                f"trust bundle {bundle.version} does not follow {self.version}: some are missing"
            )
        if bundle.previous != digest(self.history[-1].bundle.body):
            raise TrustError(f"trust bundle {bundle.version} follows another {self.version}")
        if bundle.issued < self.bundle.issued:
            raise TrustError(
                f"trust bundle {bundle.version} claims to be older than the one before"
            )

    def _take(self, signed: SignedBundle, bundle: TrustBundle, *, by_root: bool) -> None:
        before = self._state
        root, announced, successions = before.root, before.announced, before.successions
        if by_root:
            heir = self._root_of(signed)
            if announced is not None and heir != root:
                root, successions = heir, (*successions, announced, signed)
            announced = signed if bundle.next_root not in {b"", root} else None
        self._state = _State(
            bundle=bundle,
            history=(*self.history, signed),
            certified_from=bundle.issued if by_root else before.certified_from,
            job_keys={key_id(one.public): one for one in bundle.job_keys},
            root=root,
            announced=announced,
            successions=successions,
        )

    def save(self, folder: Path, *, all_versions: bool = False) -> None:
        """Write the root and the bundles into `folder`.

        Args:
            folder: made if it is missing.
            all_versions: keep the whole history (masters, who hand it out) instead of the newest
                bundles, the last one that the root itself signed, and those by which the root
                changed.

        Raises:
            FileProblem: they cannot be written.
        """
        make_private_folder(folder)
        if not (folder / ROOT_FILE).exists():
            write_public(folder / ROOT_FILE, "site-root", self.root)
        kept = self.history if all_versions else self._essential(_KEPT)
        names = {f"bundle.{_version(signed)}": signed for signed in kept}
        for name, signed in names.items():
            if not (folder / name).exists():
                write_atomic(folder / name, encode(signed), 0o644)
        for _, path in _bundle_files(folder):
            if path.name not in names:
                with contextlib.suppress(OSError):  # a bundle too many does no harm
                    path.unlink()

    def essential(self) -> tuple[SignedBundle, ...]:
        """Give what a new member needs: the newest, the root's own last, and the roots' changes."""
        return self._essential(1)

    def _essential(self, newest: int) -> tuple[SignedBundle, ...]:
        by_root = [one for one in self.history[:-newest] if one.certificate is None]
        kept = [*self._state.successions, *by_root[-1:], *self.history[-newest:]]
        bodies = {one.bundle.body for one in kept}
        return tuple(one for one in self.history if one.bundle.body in bodies)

    @classmethod
    def load(cls, folder: Path) -> "TrustStore":
        """Read what `save` wrote, and verify all of it again under the root that lies there.

        Raises:
            FileProblem: missing or unreadable files.
            TrustError: a bundle that is not to be trusted.
        """
        store = cls(read_public(folder / ROOT_FILE, "site-root"))
        for _, path in sorted(_bundle_files(folder)):
            if path.exists():  # another process may tidy up meanwhile
                store._restore_file(path)
        if not store.version:
            raise FileProblem(f"{folder} holds no trust bundle", hint="join the site again")
        return store

    def _restore_file(self, path: Path) -> None:
        try:
            signed = decode(read_file(path), SignedBundle)
        except CodecError as error:
            raise FileProblem(f"{path} is no trust bundle: {error}") from error
        try:
            self.restore(signed)
        except TrustError as error:
            raise TrustError(f"{path}: {error.message}", hint=error.hint) from error

    def restore(self, signed: SignedBundle) -> None:
        """Take a bundle of those that `essential` gave or `save` kept, the next newer one.

        There may be gaps between them: what is left out changed neither the root nor its word.

        Raises:
            TrustError: not signed for this site, or not newer.
        """
        bundle, by_root = self._verified(signed, None)
        if bundle.version <= self.version:
            raise TrustError(
                f"version {bundle.version} of the trust bundle stands after {self.version}"
            )
        if self.version and bundle.version == self.version + 1:
            self._check_follows(bundle)
        self._take(signed, bundle, by_root=by_root)


def _version(signed: SignedBundle) -> int:
    return decode(signed.bundle.body, TrustBundle).version


def _bundle_files(folder: Path) -> Iterable[tuple[int, Path]]:
    for path in folder.iterdir():
        match = _NAME.fullmatch(path.name)
        if match:
            yield int(match[1]), path


def following(store: TrustStore, issued: float) -> TrustBundle:
    """Give the next bundle of a site, so far with the same content as the newest.

    Args:
        store: holds the newest bundle.
        issued: Unix time; never before the newest's.
    """
    newest = store.bundle
    return TrustBundle(
        site=store.site,
        version=newest.version + 1,
        previous=digest(store.history[-1].bundle.body) if store.history else b"",
        issued=max(issued, newest.issued),
        job_keys=newest.job_keys,
        return_keys=newest.return_keys,
        cas=newest.cas,
        operators=newest.operators,
        next_root=newest.next_root,
    )
