import re
import resource
import signal
import subprocess
import sys
import textwrap
import threading
from typing import Any

import pytest

from zester_proto.render.nodes import Problem
from zester_proto.render.renderer import Limits, Rendered
from zester_proto.render.timer import TimeUp, limited
from zester_testing.template_tree import Tree, problem, text

ENDLESS = (
    "a\n{% for a in range(90000) %}{% for b in range(90000) %}{% set x = a %}"
    "{% endfor %}\n{% endfor %}"
)
REGEX = "a\n\n{{ ('a' * 40) | regex_match('(a+)+$b') }}"
SHORT = Limits(file_seconds=0.3, compile_seconds=30)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("'a' * 10**10", "10000000000 characters at once"),
        ("10**10 * 'a'", "10000000000 characters at once"),
        ("[1] * 10**8", "100000000 items at once"),
        ("10 ** 100000", "a number of"),
        ("2 ** 300000", "a number of"),
        ("(2 ** 40000) * (2 ** 40000)", "a number of"),
        ("'%1000000000d' % 1", "too large a width"),
        ("'%*d' % (1000000000, 1)", "too large a width"),
        ("'%1000000000d' | format(1)", "too large a width"),
        ("'{:>1000000000}'.format(1)", "too large a width"),
        ("'{:>{w}}'.format(1, w=1000000000)", "too large a width"),
        ("'a'.center(1000000000)", "too large a width"),
        ("'a'.ljust(width)", "too large a width"),
        ("'a\\t'.expandtabs(tabsize=1000000000)", "too large a width"),
        ("'a' | center(1000000000)", "too large a width"),
        ("'a' | indent(1000000000)", "too large a width"),
        ("[1] | batch(1000000000, 'x') | list", "too large a width"),
        ("range(10**7) | length", "range() gives at most 100000 numbers"),
        ("range(90000) | permutations | list", "combinations of more than 1000000 items"),
        ("[1, 2] | product(repeat=1000)", "a product of more than 100 lists"),
        ("'10.0.0.0/8' | network_hosts", "more than 65536 hosts"),
        ("now | strftime('%9999999d')", "too large a width"),
    ],
)
def test_nothing_huge_is_made_of_little(expression: str, message: str):
    found = problem("\n{{ " + expression + " }}", width=10**9, now=0)
    assert message in found.message
    assert str(found.place) == "a/t.sls:2"


@pytest.mark.parametrize("joint", ["~", "+"])
def test_what_doubles_ends(joint: str):
    loop = "{% set ns = namespace(x='0123456789') %}{% for i in range(99) %}\n"
    found = problem(loop + "{% set ns.x = ns.x " + joint + " ns.x %}{% endfor %}")
    assert "characters at once, at most 10485760" in found.message
    assert str(found.place) == "a/t.sls:2"


def test_what_is_reasonable_stays_possible():
    assert (
        text("{{ ('ab' * 3) ~ 2 ** 10 ~ 7 % 4 ~ (1 + 1) ~ ([1] + [2]) }}") == "ababab102432[1, 2]"
    )
    assert text("{{ 'a' | center(5) }}{{ 'a'.rjust(3) }}{{ 2 ** -1 }}") == "  a    a0.5"
    assert text("{{ '{}'.format(10**9) }} {{ '%d%%' % 10**7 }}") == "1000000000 10000000%"


def test_a_file_renders_to_ten_mebibytes_at_most():
    tree = Tree()
    found = tree.problem("\n{% for i in range(99) %}{{ x }}\n{% endfor %}", x="x" * 1_000_000)
    assert found.message == "more than 10 MiB of text come out of this file"
    assert str(found.place) in {"a/t.sls:2", "a/t.sls:3"}
    tree["big.yml"] = "{% for i in range(99) %}{{ x }}{% endfor %}"
    source = "{% import_text 'big.yml' as y with context %}"
    assert "10 MiB" in tree.problem(source, x="x" * 1_000_000).message


@pytest.mark.parametrize(
    "source",
    [
        "\n{{ " + "(" * 20_000 + " }}",
        "\n{{ a" + ".b" * 5_000 + " }}",
        "\n{{ " + "[" * 300 + "]" * 300 + " }}",
        "\n{{ " + "not " * 5_000 + "1 }}",
        "\n" + "{% if 1 %}" * 5_000 + "{% endif %}" * 5_000,
        "\n" + "{% for i in [1] %}" * 50 + "{% endfor %}" * 50,
        "\n{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "\n{% set x = 1" + " ~ 1" * 20_000 + " if " + "1 if " * 5_000 + "%}",
    ],
)
def test_deep_nesting_is_an_error_and_no_crash(source: str):
    found = problem(source, a={})
    assert "nested" in found.message or "not Jinja" in found.message
    assert found.place is not None
    assert found.place.line <= 2


def test_a_file_that_includes_itself_ends():
    tree = Tree()
    tree["i"] = "x\n{% include 'i' %}"
    assert "too deeply nested" in tree.problem("{% include 'i' %}").message
    tree["j"] = "{% import 'j' as j %}"
    assert "too deeply nested" in tree.problem("{% import 'j' as j %}").message
    tree["k"] = "{% import_yaml 'k' as k %}"
    assert "too deeply nested" in tree.problem("{% import_yaml 'k' as k %}").message


def stopped(found: tuple[Problem, ...]) -> str:
    (one,) = found
    assert one.message == "the template takes too long and was stopped"
    return str(one.place)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (ENDLESS, 2),
        (REGEX, 3),
        ("{% macro m() %}\n" + ENDLESS + "{% endmacro %}{{ m() }}", 3),
    ],
)
def test_what_does_not_end_is_stopped_in_its_line(source: str, line: int):
    assert stopped(Tree(limits=SHORT).problems(source)) == f"a/t.sls:{line}"


def test_a_compile_has_its_time_as_a_whole():
    renderer = Tree(limits=Limits(file_seconds=30, compile_seconds=0.3)).renderer()
    for _ in range(2):
        stopped(renderer.render("t", {}, text=ENDLESS).problems)


def test_a_function_that_never_comes_back_is_stopped_too():
    def wait() -> None:
        threading.Event().wait()

    def swallow() -> None:
        try:
            threading.Event().wait()
        except Exception:  # noqa: BLE001 -- what a careless function does
            raise AssertionError from None

    for function in (wait, swallow):
        stopped(Tree(limits=SHORT).problems("{{ f() }}", f=function))


def test_in_another_thread_it_is_stopped_as_well():
    found: list[Rendered] = []

    def run() -> None:
        found.append(Tree(limits=SHORT).renderer().render("t", {}, text=ENDLESS))
        found.append(Tree(limits=SHORT).renderer().render("t", {}, text="fine"))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert stopped(found[0].problems) == "t:2"
    assert found[1].text == "fine"


def test_a_timer_that_runs_already_goes_on():
    rung: list[int] = []

    def ring(number: int, _frame: Any) -> None:
        rung.append(number)

    handler = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 100)
        with limited(5):
            pass
        assert 90 < signal.getitimer(signal.ITIMER_REAL)[0] <= 100
        with pytest.raises(TimeUp), limited(0.01):
            threading.Event().wait()
        assert signal.getsignal(signal.SIGALRM) is ring
        assert rung == []
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)


def test_memory_that_is_not_there_is_an_error_with_its_line():
    code = f"""
        import resource
        from zester_proto.render.renderer import Renderer
        renderer = Renderer(lambda path: None)
        renderer.render("t", {{}}, text="{{{{ 1 | yaml }}}}")
        resource.setrlimit(resource.RLIMIT_AS, ({400 << 20}, {resource.RLIM_INFINITY}))
        source = "a\\n{{% set ns = namespace(x=[]) %}}{{% for i in range(99999) %}}\\n"
        source += "{{% do ns.x.append('0123456789abcdef' * 65536) %}}{{% endfor %}}"
        done = renderer.render("t", {{}}, text=source)
        print(done.problems[0].place, done.problems[0].message)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert re.fullmatch(r"t:3 the template needs too much memory\n", done.stdout)
