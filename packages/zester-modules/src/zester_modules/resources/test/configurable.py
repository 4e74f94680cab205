"""test.configurable_test_state: comes out as its arguments say."""

import random
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from zester_modules.resource import Leaf, Plan, Resource, Scope
from zester_modules.resources.test.fixed import FAILURE, changed, pretend, pretended


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Come out as the arguments say."""

    name: Annotated[str, Meta(description="of this state; means nothing")]
    changes: Annotated[
        bool | Literal["Random"], Meta(description="whether it changes something")
    ] = True
    result: Annotated[bool | Literal["Random"], Meta(description="whether it succeeds")] = True
    comment: Annotated[str, Meta(description="what the result says")] = ""
    warnings: Annotated[list[str] | None, Meta(description="warnings to show")] = None


def check(params: Params, _scope: Scope) -> Plan:
    """Plan what the arguments say; an unsuccessful one has to be applied to fail."""
    leaves = changed(params.name) if _either(params.changes) else ()
    failed = "" if _either(params.result) else (params.comment or FAILURE)
    plan = pretend(leaves, failed=failed, comment=params.comment)
    if not leaves and not failed:
        plan = Plan(comment=params.comment)
    return msgspec.structs.replace(plan, warnings=tuple(params.warnings or ()))


def react(params: Params, _scope: Scope) -> Plan:
    """Pretend that something changed by the reaction."""
    failed = "" if _either(params.result) else (params.comment or FAILURE)
    leaves = (Leaf(path=f"{params.name}:reaction", after="fired"),)
    return pretend(leaves, failed=failed, comment="the watched state changed")


def _either(value: bool | str) -> bool:
    # it decides nothing but how a test comes out
    return bool(random.getrandbits(1)) if isinstance(value, str) else value


CONFIGURABLE: Final = Resource(
    name="test.configurable_test_state", params=Params, reach="nothing", check=check,
    apply=pretended, react=react, kind="action",
)  # fmt: skip
