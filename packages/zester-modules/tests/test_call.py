import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from zester_modules import call as module
from zester_modules.bind import bind
from zester_modules.call import call, failure, prepare, run_bound, run_inline
from zester_modules.errors import Refused
from zester_modules.function import AnyFunction
from zester_modules.host.process import CommandSpec
from zester_modules.registry import Context, Registry, Return, function
from zester_modules.returns import pack_return, unpack_return
from zester_proto.errors import ZesterError

LINE = "raise ValueError('bad thing')"


@function("try.raises")
def raises(_context: Context, what: str = "value") -> None:
    if what == "value":
        raise ValueError("bad thing")
    if what == "exit":
        sys.exit(3)
    if what == "refused":
        raise Refused("not here", hint="go there")
    if what == "ours":
        raise ZesterError("cannot do it", hint="do that")
    if what == "deep":
        raises(_context, "deep")
    int(what)


@function("try.answers")
def answers(_context: Context, what: str) -> object:
    loop: list[object] = []
    loop.append(loop)
    return {
        "set": {3, 1, 2},
        "object": {"a": [object()]},
        "itself": loop,
        "odd": Return(1, "offline"),
        "changed": Return({"a": 1}, "changed"),
        "nothing": None,
    }[what]


@function("try.slow", runs="inline", reads=True)
async def slow(_context: Context) -> None:
    await asyncio.Event().wait()


def run(declared: AnyFunction, context: Context, *args: Any, **kwargs: Any) -> Return:
    return run_bound(bind(declared, args, kwargs), context)


def test_plain_values_are_ok_and_returns_say_more(context: Context):
    assert run(answers, context, "set") == Return([1, 2, 3], "ok")
    assert run(answers, context, "changed") == Return({"a": 1}, "changed")
    assert run(answers, context, "nothing") == Return(None, "ok")


def test_an_exception_is_one_sentence_with_file_and_line_and_a_traceback_apart(context: Context):
    answer = run(raises, context)
    source = Path(__file__).read_text().splitlines()
    line = next(n for n, text in enumerate(source, 1) if text.strip() == LINE.replace("'", '"'))
    assert answer.outcome == "failed"
    assert answer.error == f"try.raises raised ValueError: bad thing ({__file__}:{line})"
    assert "Traceback" in answer.debug
    assert "Traceback" not in answer.error


def test_the_line_named_is_never_one_of_pythons_own(context: Context):
    import json

    @function("try.json")
    def broken(_context: Context) -> object:
        return json.loads("{")

    assert __file__ in run(broken, context).error


@pytest.mark.parametrize(
    ("what", "outcome", "error", "hint"),
    [
        ("exit", "failed", "try.raises ended its process with exit code 3", ""),
        ("refused", "refused", "not here", "go there"),
        ("ours", "failed", "try.raises: cannot do it", "do that"),
        ("deep", "failed", "try.raises raised RecursionError: maximum recursion depth", ""),
        ("x", "failed", "try.raises raised ValueError: invalid literal for int()", ""),
    ],
)
def test_however_a_function_ends_it_has_an_outcome(
    context: Context, what: str, outcome: str, error: str, hint: str
):
    answer = run(raises, context, what)
    assert answer.outcome == outcome
    assert answer.error.startswith(error)
    assert answer.hint == hint
    assert len(answer.debug) <= module.DEBUG_LIMIT
    assert unpack_return(pack_return(answer)).outcome == outcome


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("object", "try.answers ran, but its answer cannot travel: a value of type object"),
        ("itself", "try.answers ran, but its answer cannot travel: the value is more than 64"),
        ("odd", "try.answers raised TypeError: try.answers gave the outcome 'offline'"),
    ],
)
def test_an_answer_that_cannot_travel_is_a_failure_that_says_so(
    context: Context, what: str, error: str
):
    answer = run(answers, context, what)
    assert answer.outcome == "failed"
    assert answer.error.startswith(error)


def test_a_dry_run_of_what_cannot_tell_is_refused_and_of_what_reads_is_run(context: Context):
    context.test = True
    assert run(answers, context, "set").outcome == "refused"
    assert run(Registry().find("test.ping"), context).value is True


async def test_an_inline_function_runs_in_the_loop_and_can_be_cancelled(context: Context):
    ping = Registry().find("test.ping")
    assert await run_inline(bind(ping, (), {}), context) == Return(True)
    task = asyncio.create_task(run_inline(bind(slow, (), {}), context))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_inline_function_that_raises_fails(context: Context):
    @function("try.inline", runs="inline")
    async def inline(_context: Context) -> None:
        raise OSError(28, "No space left")

    answer = await run_inline(bind(inline, (), {}), context)
    assert answer.error.startswith("try.inline raised OSError: [Errno 28] No space left")
    context.test = True
    assert (await run_inline(bind(inline, (), {}), context)).outcome == "refused"


async def test_a_command_is_planned_beside_the_loop(context: Context):
    planned = await prepare(bind(Registry().find("cmd.run"), ["true"], {}), context)
    assert isinstance(planned, CommandSpec)
    refused = await prepare(bind(Registry().find("cmd.run"), ["x"], {"cwd": "/no"}), context)
    assert isinstance(refused, Return)
    assert refused.outcome == "refused"

    @function("try.command", runs="command")
    def command(_context: Context) -> int:
        return 1

    odd = await prepare(bind(command, (), {}), context)
    assert isinstance(odd, Return)
    assert odd.error == "try.command raised TypeError: try.command planned no command"
    context.test = True
    dry = await prepare(bind(command, (), {}), context)
    assert isinstance(dry, Return)
    assert dry.outcome == "refused"


def test_a_command_runs_from_a_worker_too(context: Context):
    answer = run(Registry().find("cmd.run"), context, "echo hi; exit 2")
    assert answer.value == {"exit_code": 2, "stderr": "", "stdout": "hi\n"}
    assert (answer.outcome, answer.error) == ("failed", "exit code 2")
    assert list(context.tmp.iterdir()) == []


def test_a_failure_without_a_traceback_names_no_place():
    assert failure("a.b", ValueError()).error == "a.b raised ValueError"


def test_a_call_needs_neither_agent_nor_bus(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    @function("test.prints")
    def prints(context: Context) -> dict[str, object]:
        sys.stdout.write("noise\n")
        (context.tmp / "x").write_text("y")
        return {"facts": len(context.facts), "id": context.facts["id"], "tmp": str(context.tmp)}

    registry = Registry()
    registry.functions("test")["test.prints"] = prints
    answer = call("test.prints", facts_dir=tmp_path, peel_id="web-1", registry=registry)
    assert answer.value["facts"] > 20
    assert answer.value["id"] == "web-1"
    assert not Path(answer.value["tmp"]).exists()
    assert capfd.readouterr() == ("", "noise\n")


def test_a_call_with_given_facts_collects_none(tmp_path: Path):
    answer = call("facts.get", ["site:rack"], facts={"site": {"rack": 7}}, facts_dir=tmp_path)
    assert answer == Return(7)


def test_a_call_that_looks_at_no_facts_collects_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "_collect", None)
    assert call("test.echo", ["hi"], facts_dir=tmp_path).value == "hi"


def test_warnings_of_facts_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "bad.yaml").write_text("[")
    assert call("facts.get", ["kernel"], facts_dir=tmp_path).value == "linux"
    assert "bad.yaml:2: not YAML" in caplog.text


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "error"),
    [
        ("test.pnig", [], {}, "there is no function 'test.pnig' on this host"),
        ("test.echo", [], {}, "test.echo: text: this argument is missing"),
        ("cmd.run", ["true"], {"timeout": "soon"}, "cmd.run: timeout: 'soon' is no duration"),
    ],
)
def test_a_call_that_does_not_fit_is_refused(name: str, args: Any, kwargs: Any, error: str):
    answer = call(name, args, kwargs)
    assert (answer.outcome, answer.error) == ("refused", error)


def test_a_call_stops_its_command_when_the_time_is_up():
    answer = call("cmd.run", ["sleep 1000"], timeout=0.2)
    assert answer.outcome == "timed-out"
    assert answer.error.startswith("its time was up after 0.")


WORKER = """
import os, signal, sys, time
from pathlib import Path
from zester_modules.bind import bind
from zester_modules.call import run_bound
from zester_modules.registry import Context, Registry, function
from zester_modules.returns import pack_return

@function("try.worker")
def body(_context: Context, how: str) -> object:
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "ended":
        os._exit(4)
    if how == "forks" and os.fork() == 0:
        time.sleep(1000)
    if how == "hangs":
        print("hanging", flush=True)
        time.sleep(1000)
    return how

answer = run_bound(bind(body, sys.argv[1:2], {}), Context(registry=Registry()))
Path(sys.argv[2]).write_bytes(pack_return(answer))
"""


@pytest.fixture
def start_worker(tmp_path: Path):
    """Start what a worker is: a process that runs one bound call, if it lives to do so."""
    started: list[subprocess.Popen[str]] = []

    def start(how: str) -> tuple[subprocess.Popen[str], Path]:
        path = tmp_path / "answer"
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, how, str(path)],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process, path

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


Start = Callable[[str], tuple[subprocess.Popen[str], Path]]


@pytest.mark.parametrize(("how", "code"), [("killed", -9), ("ended", 4)])
def test_a_function_that_ends_its_own_process_hands_over_nothing(
    start_worker: Start, how: str, code: int
):
    process, path = start_worker(how)
    assert process.wait() == code
    assert not path.exists()


def test_a_function_that_forks_answers_once_and_its_children_are_in_its_group(start_worker: Start):
    process, path = start_worker("forks")
    assert process.wait() == 0
    assert unpack_return(path.read_bytes()).outcome == "ok"
    left = [one for one in psutil.process_iter() if os.getpgid(one.pid) == process.pid]
    assert len(left) == 1
    os.killpg(process.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(left, timeout=20)
    assert not alive


def test_a_function_that_hangs_ends_with_its_group(start_worker: Start):
    process, path = start_worker("hangs")
    assert process.stdout is not None
    assert process.stdout.readline() == "hanging\n"
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -9
    assert not path.exists()
