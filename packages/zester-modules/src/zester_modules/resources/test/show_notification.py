"""test.show_notification: a text in the result of a run."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.test.fixed import pretended


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Show a text among the results, such as why a formula does nothing here."""

    name: Annotated[str, Meta(description="of this state; means nothing")]
    text: Annotated[str, Meta(description="what to show")] = ""
    rest: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])


def check(params: Params, _scope: Scope) -> Plan:
    """Plan nothing, and say the text."""
    return Plan(comment=params.text or params.name)


SHOW_NOTIFICATION: Final = Resource(
    name="test.show_notification", params=Params, reach="nothing", check=check,
    apply=pretended, kind="action", open=True,
)  # fmt: skip
