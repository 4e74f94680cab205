from pathlib import Path

import pytest

from zester_testing.state_tree import StateTree
from zester_testing.state_trees import RESOURCES

MANY = "".join(f"      - test: x{n}\n" for n in range(3000))
NAMES = "".join(f"n{n}: test.nop\n" for n in range(1500))
RING = "".join(
    f"a{n}:\n  test.nop:\n    - require: [{{test: a{(n + 1) % 1000}}}]\n" for n in range(1000)
)
LAUGHS = "".join(
    f"    - {new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ 'a' * 10**10 }}", "10000000000 characters at once"),
        ("{% for i in range(10**9) %}x{% endfor %}", "range() gives at most"),
        ("{{ salt._calls }}{{ ''.__class__ }}", "not allowed in a template"),
        ("{{ salt['pillar.get'].__globals__ }}", "not allowed in a template"),
        ("{{ nothing }}", "'nothing' is undefined"),
        ("a:\n\ttest.nop: []\n", "not YAML: found character that cannot start any token"),
        ("a:\n  test.nop:\n    - x: " + "[" * 20000 + "]" * 20000, "more than 100 levels"),
        ("x:\n  test.nop:\n    - a: &a [1]\n" + LAUGHS, "more than 500000 values"),
        ("a: !!python/object/apply:os.system [id]\n", "an unknown tag"),
        ("[a]:\n  test.nop: []\n", "a key that is a list or mapping"),
        ("include: [../../x]\n", "there is no state file '../../x'"),
        ("include: [/etc/passwd]\n", "there is no state file '/etc/passwd'"),
        (NAMES + "a:\n  test.nop:\n    - require:\n" + MANY, "`require` of 'a': there is no state"),
        (RING, "requisites go in a circle: test.nop 'a1', "),
        ("a:\n  test.nop:\n    - names: [[x], {}, {a: 1, b: 2}]\n", "an entry of `names`"),
        ("a:\n  test.nop:\n    - require: [{test: [a]}, {}, []]\n", "a line of `require`"),
    ],
    ids=range(16),
)
@pytest.mark.parametrize("suffix", ["zy", "sls"])
def test_what_is_hostile_or_broken_is_a_clear_error(
    text: str, message: str, suffix: str, tmp_path: Path
):
    compiled = StateTree(tmp_path, {f"a.{suffix}": text}).compile("a")
    assert compiled.states == ()
    assert any(one.message.startswith(message) for one in compiled.errors), compiled.errors[:3]
    first = next(one for one in compiled.errors if one.message.startswith(message))
    assert first.place is None or first.place.file == f"a.{suffix}"


@pytest.mark.parametrize(
    ("data", "place", "hint"),
    [
        ("a: test.nop\n".encode("utf-16"), "a.zy:1", "it is UTF-16: save it as UTF-8"),
        (b"\x7fELF\0\0\xff\xfe\n", "a.zy:1", "it is no text at all, but a binary file: take it"),
        (b"a:\n  test.nop: []\n# gr\xfc\xdfe\n", "a.zy:3", "save it as UTF-8: `iconv"),
        (
            "a:\n  t\u0435st.nop: []\n".encode(),
            "a.zy:2:3",
            "did you mean test.nop? what was written holds '\u0435', which is U+0435",
        ),
        (
            "a:\n  file.managed:\n    - n\u0430me: x\n".encode(),
            "a.zy:3:7",
            "did you mean name? what was written holds '\u0430', which is U+0430",
        ),
        (
            "a: test.nop\n\u00a0 test.nop: []\n".encode(),
            "a.zy:2:1",
            "its line begins with U+00A0, which is no space: indent with spaces",
        ),
        (b"y" * 1100 + b": test.nop\n", "a.zy:1:1101", "a key has at most 1024 letters"),
    ],
    ids=range(7),
)
def test_what_an_editor_left_is_named(data: bytes, place: str, hint: str, tmp_path: Path):
    tree = StateTree(tmp_path, {}, resources=RESOURCES)
    tree.write("a.zy", "").write_bytes(data)
    hints = {str(one.place): one.hint for one in tree.compile("a").errors}
    assert hints[place].startswith(hint)


@pytest.mark.parametrize("order", ["9" * 400, ".nan", "1e400", "[1]", "{a: b}"])
def test_an_order_that_is_no_sensible_number_is_last_in_a_sls(order: str, tmp_path: Path):
    text = f"a:\n  test.nop:\n    - order: {order}\nb: test.nop\n"
    tree = StateTree(tmp_path / "sls", {"a.sls": text})
    assert [one.id for one in tree.compile("a").states] == ["b", "a"]
    told = StateTree(tmp_path / "zy", {"a.zy": text}).errors("a")
    assert ("a.zy:3:7", "`order` of 'a' is neither a number nor first or last") in told


def test_a_failed_file_with_odd_lines_costs_no_time(tmp_path: Path):
    lost = "a" + " " * 100_000 + "\n" + "{{" * 100_000 + "\n" + "{{ x }}-" * 30 + ":\n  - [\n"
    files = {"a.sls": f"include: [b]\nx:\n  test.nop:\n    - require: [{{test: {'y' * 60}}}]\n"}
    tree = StateTree(tmp_path, {**files, "b.sls": lost})
    where, _ = tree.errors("a")[0]
    assert where.startswith("b.sls:")


def test_all_errors_of_a_tree_are_told_in_the_order_of_files_and_lines(tmp_path: Path):
    files = {
        "a.zy": (
            "one:\n  test.nop:\n    - order: soon\n"
            "two:\n  test.configurable_test_state:\n    - changes: 7\n    - nothing: 1\n"
            "three: test.none\n"
        ),
        "b.zy": "x: test.nop\n{{ nothing }}\n{{ neither }}\n",
        "c.zy": "a:\n  test.nop: []\n  test.nop: []\n",
    }
    tree = StateTree(tmp_path, files, resources=RESOURCES)
    places = [one.place for one in tree.compile("b", "c", "a").errors]
    assert [(place.file, place.line) for place in places if place is not None] == [
        ("a.zy", 3), ("a.zy", 6), ("a.zy", 7), ("a.zy", 8), ("b.zy", 2), ("b.zy", 3), ("c.zy", 3),
    ]  # fmt: skip
