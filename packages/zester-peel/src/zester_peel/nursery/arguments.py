"""Puts secrets in the places of their names in a job's arguments: only in its worker."""

from pathlib import Path
from typing import Any

from zester_modules.errors import Refused
from zester_modules.words import Verbatim
from zester_peel.nursery.wire import Order
from zester_proto.codec import ENVELOPE_LIMIT, decode
from zester_proto.errors import CodecError, FileProblem
from zester_proto.identity.bundle import TrustError
from zester_proto.identity.joining import load_identity
from zester_proto.identity.sealing import SealError, open_from
from zester_proto.identity.signing import BadSignature
from zester_proto.messages.settings import JobSecrets, job_secrets_aad
from zester_proto.messages.trust import Signed
from zester_proto.secrets.masker import Masker
from zester_proto.secrets.references import UnknownSecret, filled


def filled_in(
    order: Order, masker: Masker, args: list[Any], kwargs: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Give arguments with the values of the secrets that they name.

    Args:
        order: of the worker.
        masker: learns the values.
        args: by place.
        kwargs: by name.

    Raises:
        Refused: a value did not come, or was not sealed for this job by a master.
    """
    values = _values(order) if order.sealed else {}
    # whoever keeps a short one has said that it is to be masked all the same
    masker.learn((), short=values.values())
    texts = {name: Verbatim(value) for name, value in values.items()}
    try:
        return filled(args, texts), filled(kwargs, texts)
    except UnknownSecret as error:
        raise Refused(f"{order.function}: {error.message}", hint=error.hint) from error


def _values(order: Order) -> dict[str, str]:
    try:
        identity = load_identity(Path(order.auth))
        site = identity.trust.site
        aad = job_secrets_aad(site, order.peel_id, order.jid)
        signed = decode(open_from(identity.box, aad, order.sealed), Signed, limit=ENVELOPE_LIMIT)
        body, _ = identity.trust.verify_master(signed, "secrets")
        said = decode(body, JobSecrets, limit=ENVELOPE_LIMIT)
    except (FileProblem, SealError, CodecError, TrustError, BadSignature) as error:
        raise Refused(
            f"{order.function}: the secrets of this job cannot be opened: {error}",
            hint="run it again; if that does not help, look whether this peel's key is known "
            "to the masters: zester peel show",
        ) from error
    if (said.site, said.peel, said.jid) != (site, order.peel_id, order.jid):
        raise Refused(f"{order.function}: the secrets that came are those of another job")
    return said.values
