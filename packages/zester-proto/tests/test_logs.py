import io
import json
import logging
from collections.abc import Generator
from pathlib import Path
from typing import Literal

import pytest

from zester_proto.errors import ZesterError
from zester_proto.logs import BadLevel, Log, Throttle, parse_level, setup
from zester_proto.secrets.masker import Masker


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Generator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("zester").setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def raised() -> BaseException:
    with pytest.raises(ValueError, match="boom") as caught:
        int("boom")
    return caught.value


def test_a_line_has_the_runbooks_shape():
    out = io.StringIO()
    setup("info", "json", out)
    Log("zester.jobs", {"peel_id": "web-01"}).bind(jid="2oHf").info(
        "state applied", state="pkg.installed", changed=True, duration_ms=1234
    )

    line = lines(out)[0]
    assert list(line) == [
        "time", "level", "msg", "peel_id", "jid", "state", "changed", "duration_ms",
    ]  # fmt: skip
    assert line | {"time": ""} == {
        "time": "", "level": "INFO", "msg": "state applied", "peel_id": "web-01", "jid": "2oHf",
        "state": "pkg.installed", "changed": True, "duration_ms": 1234,
    }  # fmt: skip
    stamp = str(line["time"])
    assert len(stamp) == len("2026-02-10T14:30:00.123Z")
    assert stamp.endswith("Z")


def test_what_is_below_the_level_is_not_written():
    out = io.StringIO()
    setup("warn", "json", out)
    log = Log("zester.x")
    log.debug("a")
    log.info("b")
    log.warn("c")  # noqa: G010  # a Log of ours, no Logger
    log.error("d")

    assert [line["level"] for line in lines(out)] == ["WARN", "ERROR"]


def test_an_unknown_level_lists_those_that_exist():
    assert parse_level("Warning") == logging.WARNING
    with pytest.raises(BadLevel) as caught:
        parse_level("loud")
    assert caught.value.hint == "use one of error, warn, info, debug"


def test_libraries_are_heard_when_they_warn_and_with_debug():
    out = io.StringIO()
    setup("info", "json", out)
    logging.getLogger("nats.aio.client").error("nats: encountered error")
    logging.getLogger("asyncio").info("quiet")
    assert [(line["logger"], line["msg"]) for line in lines(out)] == [
        ("nats.aio.client", "nats: encountered error")
    ]

    out = io.StringIO()
    setup("debug", "json", out)
    logging.getLogger("asyncio").debug("Using selector")
    assert lines(out)[0]["level"] == "DEBUG"


def test_an_error_of_ours_carries_its_hint_and_any_other_its_traceback():
    out = io.StringIO()
    setup("info", "json", out)
    log = Log("zester.x")
    log.failure("no bus", ZesterError("cannot reach it", hint="start it"), server="h:1")
    log.failure("a handler failed", raised())

    first, second = lines(out)
    assert (first["error"], first["hint"], first["server"]) == (
        "cannot reach it",
        "start it",
        "h:1",
    )
    assert str(second["error"]).startswith("ValueError(")
    assert "Traceback" in str(second["traceback"])


def test_whatever_a_field_holds_there_is_one_line_of_json():
    out = io.StringIO()
    setup("info", "json", out)
    loop: list[object] = []
    loop.append(loop)
    odd = {
        "path": Path("/x"), "surrogate": "a\udcffb", "bytes": b"\xff", "newline": "a\nb",
        "long": "x" * 20_000, "keys": {(1, 2): 3}, "nan": float("nan"), "msg": "shadow",
        "object": object(), "int": 2**70,
    }  # fmt: skip
    for name, value in odd.items():
        Log("zester.x").info("odd", **{name: value})
    Log("zester.x").info("loop", value=loop)
    logging.getLogger("zester.x").info("%d wrong", "arguments")

    assert len(lines(out)) == len(odd) + 2
    assert lines(out)[7]["msg_"] == "shadow"
    assert len(str(lines(out)[4]["long"])) < 9000


def test_text_is_for_people():
    out = io.StringIO()
    setup("info", "text", out)
    Log("zester.x").warn("not connected", server="h:1", error="no route to\nhost", n=3)
    Log("zester.x").failure("failed", raised())

    first, second, *trace = out.getvalue().splitlines()
    assert first.endswith(r"WARN  not connected  server=h:1  error='no route to\nhost'  n=3")
    assert "ERROR failed  error=" in second
    assert trace[0] == "Traceback (most recent call last):"


def test_one_of_many_like_lines_is_let_through_and_the_rest_counted():
    now = [0.0]
    throttle = Throttle(10.0, lambda: now[0])

    assert [throttle.allow("a"), throttle.allow("a"), throttle.allow("a")] == [0, None, None]
    assert throttle.allow("b") == 0
    now[0] = 10.0
    assert throttle.allow("a") == 2
    for i in range(1000):
        throttle.allow(str(i))
    assert throttle.allow("a") == 0, "many keys are forgotten, not kept"


@pytest.mark.parametrize("form", ["json", "text"])
def test_what_is_learned_after_the_log_began_is_masked(form: Literal["json", "text"]):
    stream, masker = io.StringIO(), Masker()
    setup("info", form, stream, masker=masker)
    masker.learn(["hunter-22", "123456"])
    Log("zester.test").info(
        "it is hunter-22", a="hunter-22", b=["hunter-22", Path("/hunter-22")], c=123456,
        d={"hunter-22": 1}, e=Path("hunter-22"), f=OSError(2, "hunter-22"),
    )  # fmt: skip

    said = stream.getvalue()
    assert said.count("***") == 8, said
    assert "hunter-22" not in said
    assert "123456" not in said
