"""The top files of a settings tree, as a master reads them."""

from zester_master.settings.tops import Tops
from zester_proto.tree.files import KeptTree
from zester_proto.tree.problems import Problems


def told(tops: Tops) -> list[str]:
    problems = Problems()
    tops.lines("", {}, problems)
    return [f"{one.place}: {one.message}" for one in problems.errors]


def test_a_target_that_is_none_is_told_each_time():
    top = b"base:\n  'G@os:Debian and (': [web]\n  I@a:b: [web]\n"
    tops = Tops(KeptTree({"base": {"top.zy": top}}), {})
    first = told(tops)
    assert [one.partition(": ")[0] for one in first] == ["top.zy:2:3", "top.zy:3:3"]
    assert told(tops) == first


def test_a_top_file_knows_its_environment():
    top = b"{{ saltenv }}:\n  {{ opts.id }}: [{{ opts.saltenv }}, {{ opts.pillarenv or 'none' }}]\n"
    lines = Tops(KeptTree({"base": {"top.zy": top}}), {}).lines("web-1", {}, Problems())
    assert [line.entry.reference for line in lines] == ["base", "none"]
