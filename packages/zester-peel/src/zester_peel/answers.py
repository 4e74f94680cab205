"""What a master answers to this peel, and to the question that it asked."""

from typing import TypeVar

from zester_peel.trust import TrustWalk
from zester_proto.codec import decode
from zester_proto.errors import CodecError, ZesterError
from zester_proto.messages.basket import BasketView
from zester_proto.messages.presence import Renewed, Welcome
from zester_proto.messages.trust import Signed, SignedType

_Answer = TypeVar("_Answer", Welcome, Renewed, BasketView)


class BadAnswer(ZesterError):
    """Raised when what came is not a master's answer to what was asked."""


async def answer_of(
    data: bytes,
    kind: SignedType,
    form: type[_Answer],
    *,
    trust: TrustWalk,
    peel_id: str,
    nonce: bytes,
) -> _Answer:
    """Read what came as an answer.

    Args:
        data: what came.
        kind: as what it is signed.
        form: what it should be.
        trust: says which masters are believed.
        peel_id: who asked.
        nonce: of the question.

    Raises:
        BadAnswer: it is malformed, or the answer to another question.
        TrustError: no master signed it.
        BadSignature: the same.
    """
    try:
        body, _ = await trust.verify(decode(data, Signed), kind)
        answer = decode(body, form)
    except CodecError as error:
        raise BadAnswer(f"a master's answer is malformed: {error.message}") from error
    if (answer.site, answer.id, answer.nonce) != (trust.store.site, peel_id, nonce):
        raise BadAnswer("a master's answer is that to another question")
    return answer
