"""`zester whoami`: who the masters say that you are."""

from typing import Any

from zester_cli.client import Client, answer_value
from zester_cli.invocation import Invocation, with_client
from zester_cli.output import forms
from zester_cli.output.values import value_lines
from zester_cli.pages import as_map
from zester_proto.messages.operators import NothingAsk


def whoami(invocation: Invocation) -> int:
    """Show it."""

    async def ask(client: Client) -> dict[str, Any]:
        return as_map(answer_value(await client.ask("whoami", NothingAsk())))

    found = with_client(invocation, ask)
    screen, form = invocation.screen, invocation.options.output
    if form == "raw":
        forms.raw_lines(screen, [str(found.get("name", ""))])
    elif form != "table":
        forms.structured(screen, form, found)
    else:
        shown = {
            key: " ".join(sorted(map(str, value))) if key == "verbs" else value
            for key, value in found.items()
        }
        screen.write("".join(f"{line}\n" for line in value_lines(shown)))
    return 0
