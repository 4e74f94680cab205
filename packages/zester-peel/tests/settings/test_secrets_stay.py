"""What a peel says never holds a secret, whatever a function does with it: a real peel."""

import base64
import json
from collections.abc import Generator
from pathlib import Path

import pytest

from zester_proto.secrets.masker import MASK
from zester_testing.masters import eventually
from zester_testing.peels import Peel, is_welcome
from zester_testing.raw_master import RawMaster, Returned
from zester_testing.sealing import Sealing
from zester_testing.site import Bus

SECRET = 'Tr0ub4dor & 3 / "more"'  # of this test
FORMS = (
    SECRET, json.dumps(SECRET)[1:-1], SECRET.encode().hex(),
    base64.b64encode(SECRET.encode()).decode()[:20],
)  # fmt: skip

LEAKS = '''
import base64, json, logging, os, signal, sys
from zester_modules.registry import Context, Return, function

@function("leaks.answers")
def answers(context: Context) -> object:
    """Answer the secret in all ways."""
    value = context.settings["password"]
    encoded = base64.b64encode(b"xx" + value.encode()).decode()
    return {value: [value.encode(), json.dumps({"a": value}), value.encode().hex(), encoded]}

@function("leaks.much")
def much(context: Context) -> str:
    """Answer more than travels."""
    value = context.settings["password"]
    return "x" * (64 * 1024 - 5) + value + "y" * (1 << 20)

@function("leaks.says_no")
def says_no(context: Context) -> Return:
    """Fail with it."""
    value = context.settings["password"]
    return Return(None, "failed", error="x" * 4090 + value, hint="use " + value)

@function("leaks.raises")
def raises(context: Context) -> None:
    """Raise with it, where the text is cut."""
    context.log.warning("the password is %s", context.settings["password"])
    context.log.warning("turned around it is %s", context.settings["turned"])
    print("what templates made of it is", context.settings["turned"])
    raise RuntimeError("y" * 1975 + context.settings["password"])

@function("leaks.crashes")
def crashes(context: Context) -> None:
    """Print it to a pipe that is cut, and die."""
    sys.stdout.write("z" * 4086 + context.settings["password"] + "z" * 100)
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGSEGV)

@function("leaks.tells")
def tells(context: Context) -> None:
    """Tell it to the masters, as data and as a name."""
    value = context.settings["password"]
    context.registry.find("event.send")(context, "app/done", {value: [value, {"a": value}]})
    context.registry.find("event.send")(context, f"app/{value}")

def turned(text: str) -> str:
    """Turn a text around, as a filter."""
    return text[::-1]

@function("leaks.says", runs="inline")
async def says(context: Context, text: str) -> str:
    """Raise what it was given, in the agent."""
    raise RuntimeError(text)
'''


@pytest.fixture
def leaky(bus: Bus, tmp_path: Path) -> Generator[Peel]:
    """A peel with functions that say too much, not started yet."""
    modules = tmp_path / "modules"
    info = modules / "leaks-1.0.dist-info"
    info.mkdir(parents=True)
    (modules / "zester_leaks.py").write_text(LEAKS)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: leaks\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[zester.functions]\nleaks = zester_leaks\n[zester.filters]\nturned = zester_leaks:turned\n"
    )
    peel = Peel(bus, "leaky.example.com", tmp_path / "leaky", log_level="debug")
    peel.environment["PYTHONPATH"] = str(modules)
    (peel.facts_dir / "said.yaml").write_text(f"said: {json.dumps(SECRET)}\n")
    yield peel
    peel.kill()


async def test_no_way_out_of_a_peel_says_a_secret(
    master: RawMaster, leaky: Peel, tmp_path: Path
) -> None:
    sealing = Sealing(master, leaky.identity)
    text = "password: {{ secret('db') | json }}\nturned: {{ secret('db') | turned | json }}\n"
    files = {"base.sls": text}
    await sealing.put(await sealing.bundle(3, files, "base", secrets={"db": SECRET}))
    master.settings = 3
    leaky.start()
    await is_welcome(leaky)
    await eventually(lambda: leaky.lines("took the settings"), "it has settings")
    await master.wait_facts(leaky.identity, lambda facts: facts.get("said") == MASK)

    async def said(function: str, *args: str, outcome: str) -> Returned:
        found = await master.run(leaky.identity, function, *args, max_return=200_000)
        assert found.outcome == outcome, found
        shown = f"{found.meta} {found.value}"
        assert not [one for one in FORMS if one in shown], shown[:500]
        assert SECRET[:4] not in shown
        return found

    answered = await said("leaks.answers", outcome="ok")
    assert answered.value[MASK][:3] == [MASK.encode(), json.dumps({"a": MASK}), MASK]
    assert MASK in (await said("leaks.much", outcome="ok")).value["head"]
    assert (await said("leaks.says_no", outcome="failed")).meta.hint == f"use {MASK}"
    assert "RuntimeError" in (await said("leaks.raises", outcome="failed")).error
    assert "SIGSEGV" in (await said("leaks.crashes", outcome="failed")).error
    assert MASK in (await said("leaks.says", SECRET, outcome="failed")).error

    assert (await said("pillar.get", "turned", outcome="ok")).value == MASK
    assert f"tag app/{MASK} of an event" in (await said("leaks.tells", outcome="failed")).error
    told = await master.until(lambda: master.told(leaky.identity), "an event")
    assert [(one.tag, one.data) for one in told] == [("app/done", {MASK: [MASK, {"a": MASK}]})]

    script = tmp_path / "script"
    script.write_text(
        f"cd {tmp_path}; cat secret; head -c 100000 /dev/zero | tr '\\0' x; printf %s x; "
        "base64 secret >&2; cat secret"
    )
    (tmp_path / "secret").write_text(SECRET)
    shown = await said("cmd.run", f"sh {script}", outcome="changed")
    assert shown.value["stdout"] == f"{MASK}{'x' * 100001}{MASK}"
    assert shown.value["stderr"].startswith(MASK)
    assert MASK in (await said("cmd.run", f"echo '{SECRET}'; exit 3", outcome="failed")).value[
        "stdout"
    ]  # fmt: skip

    log = leaky.log.read_text()
    assert "a function printed" in log
    assert "a function raised" in log
    assert not [one for one in FORMS if one in log]
    assert SECRET[:6] not in log
    assert f"turned around it is {MASK}" in log
    assert SECRET[::-1] not in log
