"""What operators ask about settings: `settings` (settings.md 5)."""

from collections.abc import Iterable

from zester_master.api.answers import Item, Reply, listing
from zester_master.api.requests import Asked, Denied
from zester_master.context import Context
from zester_master.jobs.starting import nobody, resolve
from zester_master.known.known import Known
from zester_master.known.renderers import RendererGone
from zester_master.known.wire import Answer, Digests, Get, Question, Show, Trace
from zester_proto.codec import pack
from zester_proto.link import LinkError
from zester_proto.messages.operators import SettingsLook
from zester_proto.permissions import Role
from zester_proto.target import SettingsUnavailable


class SettingsVerbs:
    """The verb about settings."""

    def __init__(self, context: Context, known: Known) -> None:
        self._context = context
        self._known = known

    async def settings(self, asked: Asked) -> Reply:
        """Give settings, one of them, or where one comes from, as a master knows them."""
        ask = asked.arguments(SettingsLook)
        question = self._question(asked, ask)
        ids = (await resolve(self._context, ask.target)).ids
        if not ids:
            raise nobody(self._context, ask.target)
        if ask.what in {"show", "trace"} and len(ids) > 1:
            raise Denied("usage", f"{ask.what} is about one peel, and {len(ids)} match")
        if ask.reveal:
            self._context.journal.audit("settings", "revealed", ids[0], operator=asked.operator)
        try:
            answers = await self._known.ask(question, ids)
        except SettingsUnavailable as error:
            raise Denied(
                "unavailable",
                f"{self._context.name} does not know the settings",
                hint="is a settings tree published, and the same one in this master's folders? "
                "its conditions say what is wrong: zester status",
            ) from error
        except (LinkError, RendererGone) as error:
            raise Denied("unavailable", error.message, hint=error.hint) from error
        return listing(self._context, asked, _items(ids, answers))

    def _question(self, asked: Asked, ask: SettingsLook) -> Question:
        if ask.reveal and asked.role != Role.ADMIN:
            raise Denied(
                "role",
                f"the role {asked.role} may not see secrets",
                hint="without --show they are masked",
            )
        if ask.what == "show":
            return Show(reveal=ask.reveal)
        if ask.what == "digests":
            return Digests()
        if not ask.key:
            raise Denied("usage", f"{ask.what} needs the name of a setting", hint="as nginx:port")
        return Get(key=ask.key) if ask.what == "get" else Trace(key=ask.key)


def _items(ids: Iterable[str], answers: dict[str, Answer]) -> Iterable[Item]:
    for one in ids:
        answer = answers[one]
        if answer.error:
            yield Item(one, pack({"error": answer.error, "hint": answer.hint}), "unknown")
        else:
            yield Item(one, answer.value)
