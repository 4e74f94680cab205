"""What is written: harmless, short, with what went wrong at the end."""

import base64
import io
import json
from typing import Any, cast

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from zester_cli.output.columns import Cell, table
from zester_cli.output.forms import BINARY, job_document, raw_job, to_json, to_yaml
from zester_cli.output.job import job_lines, summary
from zester_cli.output.screen import Screen
from zester_cli.output.values import flat, value_lines
from zester_cli.results import JobResult, PeelResult, read_return
from zester_proto.codec import encode, pack
from zester_proto.messages.jobs import Outcome, ReturnMeta, frame_return
from zester_proto.terminal import harmless, harmless_line, is_dangerous, padded, shortened, width

ANYTHING = st.text(st.characters(codec="utf-8"))


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def screen(*, terminal: bool = False, **options: Any) -> Screen:
    kind = Terminal if terminal else io.StringIO
    return Screen(out=kind(), err=kind(), **options)


def job(**peels: PeelResult) -> JobResult:
    return JobResult("J", "*", "test.ping", peels)


def shown(result: JobResult) -> str:
    return "\n".join(job_lines(screen(), result))


def cmd(stdout: str = "", stderr: str = "", code: int = 0) -> dict[str, Any]:
    return {"stdout": stdout, "stderr": stderr, "exit_code": code}


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain", "plain"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\rb", "a\\x0db"),
        ("a\r\nb", "a\nb"),
        ("\x9b2J", "\\x9b2J"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2028", "\\u2028"),
        ("Grüße 漢字 🍋", "Grüße 漢字 🍋"),
        ("\x00\x7f", "\\x00\\x7f"),
    ],
)
def test_what_a_terminal_would_obey_is_spelled_out(text: str, safe: str) -> None:
    assert harmless(text) == safe


@given(ANYTHING)
def test_no_text_stays_dangerous(text: str) -> None:
    assert not is_dangerous(harmless(text))
    assert "\n" not in harmless_line(text)


@given(ANYTHING, st.integers(1, 20))
def test_a_shortened_line_fits(text: str, columns: int) -> None:
    assert width(shortened(harmless_line(text), columns)) <= columns


def test_wide_letters_take_two_columns() -> None:
    assert (width("漢字"), width("é"), width("e\u0301"), width("abc")) == (4, 1, 1, 3)
    assert padded("漢", 4) == "漢  "
    assert padded("a", 3, right=True) == "  a"


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        (None, ["null"]),
        (True, ["true"]),
        (0.5, ["0.5"]),
        ("text", ["text"]),
        ("", [""]),
        ("a\nb", ["a", "b"]),
        (b"\x00\xff", ["<2 bytes: 00 ff>"]),
        (b"x" * 40, ["<40 bytes: " + "78 " * 15 + "78 …>"]),
        ({}, ["{}"]),
        ([], ["[]"]),
        (["a", 1, None], ["- a", "- 1", "- null"]),
        ({"a": 1, "b": {"c": [True]}}, ["a: 1", "b:", "    c:", "        - true"]),
        ({"a": "true", "b": "5", "c": "x: y", "d": ""},
         ['a: "true"', 'b: "5"', 'c: "x: y"', 'd: ""']),
        ({"a": "x\ny\n"}, ["a: |", "    x", "    y"]),
        ({"a\x1b": "\x1b[2J"}, ["a\\x1b: \\x1b[2J"]),
    ],
)  # fmt: skip
def test_values_are_shown_as_a_person_reads_them(value: Any, lines: list[str]) -> None:
    assert value_lines(value) == lines


def test_a_big_value_is_not_shown_for_ever() -> None:
    lines = value_lines("x\n" * 1_000_000)
    assert len(lines) == 2001
    assert "there is more" in lines[-1]
    lines = value_lines("x" * 10_000_000)
    assert sum(map(len, lines)) < 600_000
    assert "there is more" in lines[-1]
    assert len(flat(list(range(100_000)))) < 250
    assert len(value_lines({str(n): n for n in range(100_000)})) == 2001


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False,
    allow_infinity=False) | ANYTHING | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANYTHING, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(JSON_VALUES)
def test_every_value_is_shown_in_harmless_lines(value: Any) -> None:
    for line in value_lines(value):
        assert not is_dangerous(line)
        assert "\n" not in line


def with_base64(value: Any) -> Any:
    if isinstance(value, bytes):
        return {BINARY: base64.b64encode(value).decode()}
    if isinstance(value, list):
        return [with_base64(one) for one in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: with_base64(one) for key, one in cast("dict[str, Any]", value).items()}
    return value


@given(JSON_VALUES)
def test_json_says_the_same_and_harmlessly(value: Any) -> None:
    text = to_json(value)
    assert json.loads(text) == with_base64(value)
    assert not is_dangerous(text)


@given(JSON_VALUES)
def test_yaml_says_the_same(value: Any) -> None:
    assert yaml.safe_load(to_yaml(value)) == value


def test_yaml_escapes_what_a_terminal_would_obey() -> None:
    text = to_yaml({"a": "\u202eevil\x9b", "b": "ä"})
    assert not is_dangerous(text)
    assert yaml.safe_load(text) == {"a": "\u202eevil\x9b", "b": "ä"}


SHOWN = """
PEEL  OUTCOME  SECONDS  RETURN
c     ok          0.01  true

b: failed after 0.50 s
    stderr:
    no such unit
    exit code 3

d: refused
    no function 'x.y'
    → did you mean x.z?

a: offline
    it was not there to take the job
    → zester peel show a says since when; run the job again when it is back
"""


def test_successes_stand_in_a_table_and_failures_after_it() -> None:
    text = shown(
        job(
            a=PeelResult("offline"),
            b=PeelResult("failed", cmd(stderr="no such unit\n", code=3), 0.5, "exit code 3"),
            c=PeelResult("ok", True, 0.01),
            d=PeelResult("refused", error="no function 'x.y'", hint="did you mean x.z?"),
        )
    )
    assert text == SHOWN.strip("\n")


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {"ok", "changed", "would-change"}))
def test_every_failure_says_why(outcome: str) -> None:
    text = shown(job(a=PeelResult(outcome)))
    assert len(text.split("\n")) >= 2


def test_the_output_of_commands_is_shown_as_text() -> None:
    two = PeelResult("changed", cmd("one\ntwo\n"))
    text = shown(job(a=two, b=PeelResult("changed", cmd("three\n"))))
    assert text == "a: changed\n    one\n    two\nb: changed\n    three"
    text = shown(job(a=PeelResult("changed", cmd("one\n"))))
    assert text.split("\n")[1].split() == ["a", "changed", "0.00", "one"]
    text = shown(job(a=PeelResult("changed", cmd("out\n", "err\n"))))
    assert text == "a: changed\n    out\n    stderr:\n    err"


def test_ten_thousand_peels_that_agree_take_few_lines() -> None:
    peels = {f"web-{n:05d}": PeelResult("ok", True, n / 10_000) for n in range(10_000)}
    peels["web-00007"] = PeelResult("failed", error="disk full")
    peels["web-00008"] = PeelResult("lost")
    lines = job_lines(screen(), JobResult("J", "*", "test.ping", peels))
    assert len(lines) < 12
    assert "9998 peels: web-[00000-00006,00009-09999]" in lines[1]
    assert "0.00-1.00" in lines[1]
    assert lines[3].startswith("web-00007: failed")
    assert lines[6].startswith("web-00008: lost")


def test_a_few_peels_each_have_a_line_of_their_own() -> None:
    lines = job_lines(screen(), job(**{f"p{n}": PeelResult("ok", True) for n in range(20)}))
    assert len(lines) == 21


def test_among_many_those_that_differ_stand_alone() -> None:
    peels = {f"p{n:02d}": PeelResult("ok", "same" if n > 1 else f"own {n}") for n in range(30)}
    lines = job_lines(screen(), JobResult("J", "*", "x.y", peels))
    assert len(lines) == 4
    assert lines[1].startswith("p00 ")
    assert "28 peels: p[02-29]" in lines[3]


def test_a_late_outcome_stands_beside_the_final_one() -> None:
    assert "a: offline (late: ok)" in shown(job(a=PeelResult("offline", late="ok")))


def test_a_peel_cannot_write_on_the_terminal() -> None:
    evil = "\x1b]52;c;ZXZpbA==\x07\x1b[2J\r"
    text = shown(
        job(
            a=PeelResult("ok", evil),
            b=PeelResult("ok", {evil: [evil]}),
            c=PeelResult("changed", cmd(f"{evil}\n{evil}", evil)),
            d=PeelResult("failed", error=evil, hint=evil),
        )
    )
    assert not is_dangerous(text)


def test_colours_only_on_a_terminal_that_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    one = job(a=PeelResult("ok", True))
    assert any("\x1b[32mok" in line for line in job_lines(screen(terminal=True), one))
    assert not any("\x1b" in line for line in job_lines(screen(), one))
    assert not any("\x1b" in line for line in job_lines(screen(terminal=True, no_color=True), one))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not any("\x1b" in line for line in job_lines(screen(terminal=True), one))


def test_a_table_ends_where_the_terminal_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = screen(terminal=True, no_color=True)
    monkeypatch.setattr(Screen, "columns", 40)
    lines = table(narrow, ("A", "B"), [(Cell("x"), Cell("y" * 100))])
    assert max(map(width, lines)) <= 40


def test_the_summary_adds_up() -> None:
    one = job(a=PeelResult("ok"), b=PeelResult("lost"), c=PeelResult("ok"))._replace(seconds=2)
    assert summary(one) == "3 peels: 2 ok, 1 lost in 2.0 s; job J"
    assert summary(job(a=PeelResult("ok"))) == "1 peel: 1 ok; job J"


class Binary(io.TextIOWrapper):
    """A text stream whose bytes can be looked at."""

    def __init__(self) -> None:
        self.raw_bytes = io.BytesIO()
        super().__init__(self.raw_bytes, encoding="utf-8")


def test_raw_passes_values_on_as_they_are() -> None:
    out, err = Binary(), io.StringIO()
    raw_job(
        Screen(out=out, err=err),
        job(
            a=PeelResult("changed", cmd("no line end", "warning\n")),
            b=PeelResult("ok", "text"),
            c=PeelResult("ok", b"\xff\x1b"),
            d=PeelResult("ok", {"a": [1, None]}),
            e=PeelResult("failed", error="why"),
        ),
    )
    out.flush()
    assert out.raw_bytes.getvalue() == b'no line endtext\n\xff\x1b{"a":[1,null]}\n'
    assert err.getvalue() == "warning\ne: failed: why\n"


def test_raw_on_a_terminal_is_harmless() -> None:
    one = screen(terminal=True)
    raw_job(
        one, job(a=PeelResult("changed", cmd("\x1b[2J", "\x1b[2J")), b=PeelResult("ok", b"\x1bc"))
    )
    assert isinstance(one.out, io.StringIO)
    assert isinstance(one.err, io.StringIO)
    assert not is_dangerous(one.out.getvalue() + one.err.getvalue())


def test_a_return_that_cannot_be_read_is_said_and_hides_nothing() -> None:
    for data in (
        b"\0\0\0\xff",
        b"\0\0\0\1\xc1",
        frame_return(encode(ReturnMeta(instance="i", started=0, seconds=1)), b"\xc1"),
    ):
        result = read_return("ok", data)
        assert result.outcome == "ok"
        assert "cannot be read" in result.error


def test_what_was_cut_says_so() -> None:
    meta = encode(ReturnMeta(instance="i", started=0, seconds=1, truncated=True))
    result = read_return("ok", frame_return(meta, pack({"head": "a", "tail": "b"})))
    assert "too large" in shown(job(a=result))
    assert job_document(job(a=result))["peels"]["a"]["truncated"] is True
    cut = {**cmd("head\n[... 9 bytes left out ...]\ntail"), "truncated": True}
    assert "too large" in shown(job(a=PeelResult("changed", cut)))


def test_the_way_to_all_of_a_long_value_is_said() -> None:
    text = shown(job(a=PeelResult("changed", cmd("x\n" * 5000))))
    assert text.endswith("… there is more, all of it by zester job show J --peel a --output raw")
