import hashlib
import marshal
import os
from collections.abc import Callable
from pathlib import Path
from types import CodeType

import pytest

from zester_proto.render import code_cache
from zester_proto.render.code_cache import CodeCache
from zester_proto.render.environment import TreeEnvironment
from zester_testing.template_tree import Tree


def code(text: str) -> CodeType:
    return compile(text, "x", "eval")


def test_code_is_found_again_also_by_others(tmp_path: Path):
    folder = tmp_path / "codes"
    CodeCache(folder).put("k", code("1 + 1"))
    again = CodeCache(folder).get("k")
    assert again is not None
    assert eval(again) == 2
    assert CodeCache(folder).get("other") is None
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "k").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == ["k"]


def test_without_a_folder_code_is_kept_in_memory():
    cache = CodeCache()
    cache.put("k", code("1"))
    assert cache.get("k") is not None


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def swap(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:32] + marshal.dumps(code("3")))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def link(path: Path) -> None:
    path.rename(path.with_name("t")).chmod(0o600)
    path.symlink_to(path.with_name("t"))


def hold_no_code(path: Path) -> None:
    body = marshal.dumps(1)
    path.write_bytes(hashlib.sha256(body).digest() + body)


def let_others_read(path: Path) -> None:
    path.chmod(0o644)


@pytest.mark.parametrize(
    "spoil", [let_others_read, shorten, swap, empty, make_folder, link, hold_no_code]
)
def test_what_is_not_whole_and_ours_is_passed_over(tmp_path: Path, spoil: Callable[[Path], None]):
    CodeCache(tmp_path / "c").put("k", code("1"))
    spoil(tmp_path / "c" / "k")
    assert CodeCache(tmp_path / "c").get("k") is None


@pytest.mark.hosts("root")
def test_a_file_of_somebody_else_is_passed_over(tmp_path: Path):
    CodeCache(tmp_path / "c").put("k", code("1"))
    os.chown(tmp_path / "c" / "k", 12345, 12345)
    assert CodeCache(tmp_path / "c").get("k") is None
    CodeCache(tmp_path / "c").put("k", code("2"))
    assert CodeCache(tmp_path / "c").get("k") is not None


def test_a_folder_that_others_can_enter_is_not_used(tmp_path: Path):
    (tmp_path / "c").mkdir(mode=0o755)
    (tmp_path / "c").chmod(0o755)
    cache = CodeCache(tmp_path / "c")
    cache.put("k", code("1"))
    assert cache.get("k") is not None
    assert list((tmp_path / "c").iterdir()) == []


def test_a_disk_that_takes_nothing_costs_only_speed(tmp_path: Path):
    (tmp_path / "file").write_text("")
    CodeCache(tmp_path / "file" / "c").put("k", code("1"))
    cache = CodeCache(tmp_path / "c")
    (tmp_path / "c").rmdir()
    cache.put("k", code("1"))
    assert cache.get("k") is not None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_too_many_files_are_thinned_out_oldest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(code_cache, "_MOST", 4)
    cache = CodeCache(tmp_path / "c")
    for number in range(6):
        cache.put(f"k{number}", code("1"))
        os.utime(tmp_path / "c" / f"k{number}", (number, number))
    CodeCache(tmp_path / "c").put("k6", code("1"))
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == ["k4", "k5", "k6"]


def test_a_second_compile_finds_all_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def files() -> Tree:
        tree = Tree(codes=CodeCache(tmp_path / "c"))
        tree["m"] = "{% macro m(x) %}[{{ x }}]{% endmacro %}"
        tree["t"] = "{% from 'm' import m %}\n{{ m(x) }}"
        return tree

    assert files().render("t", x=1).text == "\n[1]"
    assert len(list((tmp_path / "c").iterdir())) == 2
    monkeypatch.setattr(TreeEnvironment, "compile", None)
    again = files().render("t", x=2)
    assert again.text == "\n[2]"
    assert [origin.line for origin in again.lines.origins] == [1, 2]


def test_code_depends_on_name_settings_and_filters(tmp_path: Path):
    def count() -> int:
        return len(list((tmp_path / "c").iterdir()))

    def render(name: str, source: str = "{{ 1 | f }}", **options: object) -> None:
        options = {"filters": {"f": str}, **options}
        Tree(codes=CodeCache(tmp_path / "c"), **options).renderer().render(name, {}, text=source)

    render("a")
    render("a")
    assert count() == 1
    render("b")
    assert count() == 2
    render("a", sls_env={"trim_blocks": True})
    assert count() == 3
    render("a", filters={"f": str, "g": str})
    assert count() == 4
    render("a", '#jinja2: {"trim_blocks": false}\n{{ 1 | f }}')
    assert count() == 5
