from pathlib import Path

import pytest

import check_style

NAME = Path("packages/zester-proto/src/zester_proto/ids.py")
GOOD = '"""One sentence."""\n'


def breaches(source: str, name: Path = NAME) -> list[str]:
    return list(check_style.source_breaches(source, name))


def test_a_file_of_one_sentence_and_short_functions_is_fine():
    assert breaches(GOOD + "def f() -> int:\n    return 1\n") == []


def test_a_file_over_the_cap_is_named_with_its_length():
    assert breaches(GOOD + "x = 1\n" * 499) == []
    assert "501 lines" in breaches(GOOD + "x = 1\n" * 500)[0]


def test_a_function_over_the_cap_is_named_with_its_line():
    body = "    x = 1\n"
    assert breaches(f"{GOOD}async def f():\n{body * 59}") == []
    assert breaches(f"{GOOD}async def f():\n{body * 60}")[0].startswith(":2: f has 61 lines")


@pytest.mark.parametrize(
    "docstring",
    ["", '"""Two sentences. In one."""', '"""no full stop"""', '"""Over two\nlines."""'],
)
def test_a_file_opens_with_one_sentence(docstring: str):
    assert "(rule 3)" in breaches(docstring + "\n")[0]


def test_paragraphs_below_the_sentence_are_free():
    assert breaches('"""One.\n\nThe source is RFC 1. It says so.\n"""\n') == []


def test_tests_need_no_sentence():
    assert breaches("x = 1\n", Path("packages/zester-proto/tests/test_ids.py")) == []
    assert breaches("x = 1\n", Path("tests-integration/test_fleet.py")) == []


@pytest.mark.parametrize(
    "text",
    ["see /build/place/x", "cd /" + "root/x", "/" + "home/ann/x", "https://py" + "pi.org/x"],
)
def test_paths_of_a_machine_and_registries_are_found(text: str):
    assert check_style.forbidden_texts(Path("/build/place/main")).search(text)


@pytest.mark.parametrize("text", ["/tmp/other", "/root", "/home", "/etc/zester/master.yaml"])
def test_a_checkout_in_a_common_folder_forbids_only_itself(text: str):
    forbidden = check_style.forbidden_texts(Path("/tmp/main"))
    assert not forbidden.search(text)
    assert forbidden.search("/tmp/main/packages")


def test_versions_are_read_from_all_three_places(tmp_path: Path):
    package = tmp_path / "zester-x"
    module = package / "src" / "zester_x"
    module.mkdir(parents=True)
    (package / "pyproject.toml").write_text('[project]\nversion = "0.1.0"\n')
    (package / "CHANGELOG.md").write_text("# Changelog\n\n## 0.1.1 (unreleased)\n")
    (module / "__init__.py").write_text('__version__: Final = "0.1.0"\n')
    assert list(check_style.versions_of(package).values()) == ["0.1.0", "0.1.0", "0.1.1"]


def test_a_decision_outside_the_index_and_a_number_used_twice_are_named(tmp_path: Path):
    folder = tmp_path / "docs" / "decisions"
    folder.mkdir(parents=True)
    for name in ("0001-a.md", "0002-b.md", "0002-c.md"):
        (folder / name).touch()
    (folder / "README.md").write_text("[0001](0001-a.md) [0002](0002-b.md)")
    unlisted, twice = check_style.check_decisions(tmp_path)
    assert "0002-c.md is not in the index" in unlisted
    assert "0002-c.md: the number 0002 is taken" in twice
