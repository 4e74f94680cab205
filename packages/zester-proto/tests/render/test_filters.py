from typing import Any

import pytest

from zester_proto.render.functions import TESTS
from zester_proto.render.library import FILTERS
from zester_testing.template_tree import Tree, problem, text


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'xbcd' | regex_search('^(.)BC(.)$', ignorecase=True)", "('x', 'd')"),
        ("'xbcd' | regex_search('bc')", "('bc',)"),
        ("'xbcd' | regex_search('x')", "('x',)"),
        ("'xbcd' | regex_match('bc')", "None"),
        ("'xbcd' | regex_match('a(b)')", "None"),
        ("'a\\nb' | regex_search('^b', multiline=True)", "('b',)"),
        ("'one  two three' | regex_replace('\\s+', '-')", "one-two-three"),
        ("'aXb' | regex_replace('(x)', '[\\\\1]', ignorecase=True)", "a[X]b"),
        ("'a.b*c' | regex_escape", "a\\.b\\*c"),
        ('"it\'s" | quote', "'it'\"'\"'s'"),
        ("'x' | quote", "x"),
        ("'' | quote", "''"),
        ("'x' | yaml_dquote", '"x"'),
        ("'a\"b\\n\\tü' | yaml_dquote", '"a\\"b\\n\\t\\xFC"'),
        ('"a\'b c" | yaml_squote', "'a''b c'"),
        ("'a\\nb' | yaml_squote", "'a\n\nb'"),
        ("'a: b' | yaml_encode", '"a: b"'),
        ("12 | yaml_encode", "12"),
        ("none | yaml_encode", "null"),
        ("true | yaml_encode", "true"),
        ("1.5 | yaml_encode", "1.5"),
        ("'x' | skip", ""),
        ("'a b' | contains_whitespace", "True"),
        ("'ab' | contains_whitespace", "False"),
        ("'someCamelText' | to_snake_case", "some_camel_text"),
        ("'HTTPServer' | to_snake_case", "http_server"),
        ("'snake_case_text' | to_camelcase", "snakeCaseText"),
        ("'snake_case' | to_camelcase(uppercamel=True)", "SnakeCase"),
        ("{'b': [1, 2], 'a': {'c': none, 'd': true}} | yaml", "{a: {c: null, d: true}, b: [1, 2]}"),
        (
            "{'b': [1, 2], 'a': {'c': none, 'd': true}} | yaml(False)",
            "a:\n  c: null\n  d: true\nb:\n- 1\n- 2",
        ),
        ("['x', {'y': 'z: 1'}] | yaml(False)", "- x\n- y: 'z: 1'"),
        ("'text' | yaml", "text"),
        ("'' | yaml", "''"),
        ("none | yaml", "null"),
        ("1.5 | yaml", "1.5"),
        ("'multi\\nline' | yaml", "'multi\n\n  line'"),
        ("'ü' | yaml", "ü"),
        ("odict([('b', 1), ('a', 2)]) | yaml", "{b: 1, a: 2}"),
        ("[1, 'yes', '1', 'null', '0644'] | yaml", "[1, 'yes', '1', 'null', '0644']"),
        ("{'name': 'n', 'x': true} | dict_to_sls_yaml_params", "- name: n\n- x: true"),
        ("{'b': 1, 'a': ['ü', none]} | json", '{"a": ["ü", null], "b": 1}'),
        ("{'b': 1, 'a': 'ü'} | json(sort_keys=False)", '{"b": 1, "a": "ü"}'),
        ("{'b': [1, {}]} | json(indent=2)", '{\n  "b": [\n    1,\n    {}\n  ]\n}'),
        ("{'b': '<ü&\\'', 'a': 1} | tojson", '{"b": "\\u003c\\u00fc\\u0026\\u0027", "a": 1}'),
        ("[1, {'a': 2}] | tojson(indent=1)", '[\n 1,\n {\n  "a": 2\n }\n]'),
        ("{'b': 1, 'a': ['x']} | python", "{'a': ['x'], 'b': 1}"),
        ("'{a: [1, yes], b: 0644}' | load_yaml", "{'a': [1, True], 'b': 644}"),
        ("'{\"a\": [1, true]}' | load_json", "{'a': [1, True]}"),
        ("'x: 1' | load_text", "x: 1"),
        ("{'a': {'b': [10, {'c': 5}]}} | traverse('a:b:0')", "10"),
        ("{'a': {'b': [10, {'c': 5}]}} | traverse('a:b:c')", "5"),
        ("{'a': {'b': [10, {'c': 5}]}} | traverse('a:x', 'no')", "no"),
        ("{'a': {1: 'one'}} | traverse('a:1')", "one"),
        ("{'a.b': {'c': 1}} | traverse('a.b/c', delimiter='/')", "1"),
        ("{'a': [{'b': 1}, {'b': 2}]} | traverse('a:1:b')", "2"),
        ("{'a': [[1, 2], 3]} | traverse('a:0:1')", "2"),
        ("{'a': 'text'} | traverse('a:b', 'd')", "d"),
        ("{'a': [1]} | traverse(['a', 0])", "1"),
        ("[1, 2] | traverse(1)", "2"),
        ("{'a': 1} | to_entries", "[{'key': 'a', 'value': 1}]"),
        ("[5] | to_entries", "[{'key': 0, 'value': 5}]"),
        (
            "[{'key': 'a', 'value': 1}, {'Name': 'b', 'Value': 2}] | from_entries",
            "{'a': 1, 'b': 2}",
        ),
        ("'foo' | sequence", "['foo']"),
        ("['foo'] | sequence", "['foo']"),
        ("('foo',) | sequence", "('foo',)"),
        ("[1] | is_list", "True"),
        ("(1,) | is_list", "False"),
        ("'abc' | is_iter", "False"),
        ("[1] | is_iter", "True"),
        ("5 | is_iter", "False"),
        ("['a', 'b', 'a', 'c'] | unique", "['a', 'b', 'c']"),
        ("[{'a': 1}, {'a': 1}, 2] | unique", "[{'a': 1}, 2]"),
        ("(1, 1) | unique | list", "[1]"),
        ("[1, 2, 3] | union([3, 4])", "[1, 2, 3, 4]"),
        ("[1, 2, 2, 3] | intersect([2, 3, 9])", "[2, 3]"),
        ("[1, 2, 3, 1] | difference([2])", "[1, 3]"),
        ("[1, 2, 3] | symmetric_difference([3, 4, 4])", "[1, 2, 4]"),
        ("(1, 2) | union((2, 3)) | sort", "[1, 2, 3]"),
        ("[3, [4, [2]]] | flatten", "[3, 4, 2]"),
        ("[3, none, [4, [2]]] | flatten(levels=1)", "[3, 4, [2]]"),
        (
            "[3, none, [4, none, [2]]] | flatten(levels=1, preserve_nulls=True)",
            "[3, None, 4, None, [2]]",
        ),
        ("[1, (2, 3)] | flatten", "[1, 2, 3]"),
        ("[0, 1, ''] | exactly_one_true", "True"),
        ("[1, 1] | exactly_one_true", "False"),
        ("[1, 1, 0] | exactly_n_true(2)", "True"),
        ("['b', 'A', 'a', 'B'] | sorted_ignorecase", "['A', 'a', 'b', 'B']"),
        ("[1, 2] | compare_lists([2, 3])", "{'new': [3], 'old': [1]}"),
        (
            "{'a': 1, 'b': 2} | compare_dicts({'a': 1, 'b': 3, 'c': 4})",
            "{'b': {'old': 2, 'new': 3}, 'c': {'old': '', 'new': 4}}",
        ),
        ("[1, 2] | zip([3, 4]) | list", "[(1, 3), (2, 4)]"),
        ("[1, 2, 3] | combinations(2) | list", "[(1, 2), (1, 3), (2, 3)]"),
        ("[1, 2] | product('ab') | list", "[(1, 'a'), (1, 'b'), (2, 'a'), (2, 'b')]"),
        ("'yes' | to_bool", "True"),
        ("'True' | to_bool", "True"),
        ("'1' | to_bool", "True"),
        ("'on' | to_bool", "False"),
        ("0 | to_bool", "False"),
        ("7 | to_bool", "True"),
        ("[] | to_bool", "False"),
        ("[0] | to_bool", "True"),
        ("1.5 | to_bool", "False"),
        ("none | to_bool", "False"),
        ("'12' | to_num", "12"),
        ("'1.5' | to_num", "1.5"),
        ("'x' | to_num", "x"),
        ("7 | to_num", "7"),
        ("[3, 1, 2] | min", "1"),
        ("[3, 1, 2] | max", "3"),
        ("[1, 2, 3, 4] | avg", "2.5"),
        ("7 | avg", "7.0"),
        ("'2G' | human_to_bytes", "2147483648"),
        ("'64KiB' | human_to_bytes", "65536"),
        ("'30MB' | human_to_bytes(handle_metric=True)", "30000000"),
        ("'1.5 k' | human_to_bytes", "1536"),
        ("'12' | human_to_bytes", "12"),
        ("'3' | human_to_bytes('M')", "3145728"),
        ("'x' | human_to_bytes", "0"),
        ("'7QB' | human_to_bytes", "0"),
        ("'ff' | is_hex", "True"),
        ("'fg' | is_hex", "False"),
        ("'2002/12/25' | strftime", "2002-12-25"),
        ("'2002-12-25' | strftime('%d.%m.%y')", "25.12.02"),
        ("1040814000 | strftime('%Y')", "2002"),
        ("'1040814000' | strftime('%Y')", "2002"),
        ("'a name' | uuid", "51152c7b-843b-553b-bb95-cb10ae5b902f"),
        ("'a name' | md5", "2bbc54fa8ed48a9d91d0e96c664c7771"),
        ("'a name' | sha1", "417da061bfeb02ae778aad67f031acaee9e25974"),
        ("'a name' | sha256", "36e96c62633613d6f8e98943830ed5c5f814c2bb9214d8bba577386096bc926a"),
        (
            "'a name' | sha512",
            "97f7703640fd28887034499661a81f4c156680dcd6dc30ac98ddcbf1ae57ee82ca9c98169a80c1d20f41e928ebc73dc1d2e6d14c45999d19d4eee27657505b40",
        ),
        ("'ü' | md5", "c03410a5204b21cd8229ff754688d743"),
        ("'a name' | base64_encode", "YSBuYW1l"),
        ("'emVzdGVy' | base64_decode", "zester"),
        ("'/w==' | base64_decode", "b'\\xff'"),
        ("'some text' | hmac('a key', 'u8Y1ebwY/clYMt3n7PxXBSh642NQpO7PEJBzGwV+7mA=')", "True"),
        ("'some text' | hmac('a key', 'x')", "False"),
        (
            "'some text' | hmac_compute('a key')",
            "bbc63579bc18fdc95832dde7ecfc5705287ae36350a4eecf1090731b057eee60",
        ),
        ("'bytes ü' | to_bytes", "b'bytes \\xc3\\xbc'"),
        ("'/a/b' | path_join('c', '/d/', '../e')", "/a/b/c/e"),
        ("'a' | path_join", "a"),
        ("'a//b/.' | path_join('')", "a/b"),
        ("'10.0.0.1' | is_ip", "True"),
        ("'10.0.0.1/8' | is_ip", "True"),
        ("'x' | is_ip", "False"),
        ("'::1' | is_ip", "True"),
        ("'10.0.0.1' | is_ipv4", "True"),
        ("'::1' | is_ipv4", "False"),
        ("'::1' | is_ipv6", "True"),
        ("'127.0.0.1' | is_ipv4(options='loopback')", "True"),
        ("'10.0.0.1' | is_ipv4(options='loopback')", "False"),
        (
            "['10.0.0.1', 'x', '::1', '192.168.1.1/24'] | ipaddr",
            "['10.0.0.1', '192.168.1.1/24', '::1']",
        ),
        ("['10.0.0.1', 'x', '::1'] | ipv4", "['10.0.0.1']"),
        ("['10.0.0.1', 'x', '::1'] | ipv6", "['::1']"),
        ("'10.0.0.1' | ipaddr", "10.0.0.1"),
        ("'x' | ipaddr", "None"),
        ("5 | ipv4", "None"),
        ("['10.0.0.1', '8.8.8.8', '127.0.0.1'] | ipaddr(options='private, lo')", "['127.0.0.1']"),
        ("['10.0.0.1', '8.8.8.8'] | ipaddr(options='public')", "['8.8.8.8']"),
        ("['fe80::1', 'fec0::1'] | ipv6(options='ll')", "['fe80::1']"),
        ("['fe80::1', 'fec0::1'] | ipv6(options='site-local')", "['fec0::1']"),
        ("'10.0.0.1/30' | network_hosts", "['10.0.0.1', '10.0.0.2']"),
        (
            "['10.0.0.1/30', 'fe80::/126'] | network_hosts",
            "[['10.0.0.1', '10.0.0.2'], ['fe80::1', 'fe80::2', 'fe80::3']]",
        ),
        ("'10.0.0.1/24' | network_size", "256"),
        ("['10.0.0.0/24', 'x'] | network_size", "[256]"),
        ("'x' | network_size", "None"),
        ("'192.168.0.1/28' | ip_host", "192.168.0.1/28"),
        ("['192.168.0.1/28', '::1/64'] | ip_host", "['192.168.0.1/28', '::1/64']"),
        ("['::1/64', '10.0.0.1'] | ip_host(version=4)", "['10.0.0.1/32']"),
        ("{'b': 1, 'a': 2} | dictsort", "[('a', 2), ('b', 1)]"),
        ("'abc' | substring_in_list(['xabcx'])", "True"),
        ("'a' | method_call('upper')", "A"),
        (
            "{'x': 'a\\nb', 'y': \"it's\", 'z': none, 1: [true]}",
            "{'x': \"a\\nb\", 'y': \"it's\", 'z': None, 1: [True]}",
        ),
        ("['a\\nb', {'k': 'a\\tb'}]", '["a\\nb", {\'k\': "a\\tb"}]'),
        ("('a',)", "('a',)"),
    ],
)
def test_a_filter_gives_what_salt_gives(expression: str, expected: str):
    assert text("{{ " + expression + " }}") == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("[1] | yaml_encode", "TypeError: yaml_encode takes one text, number or boolean, not list"),
        ("5 | md5", "TypeError: a text or bytes are wanted here, not int"),
        ("'x: [' | load_yaml", "not YAML: did not find expected node content"),
        ("'{' | load_json", "not JSON: Expecting property name"),
        ("'someday' | strftime", "'someday' is no date or time that can be read"),
        ("1e300 | strftime", "is no date or time that can be read"),
        ("'(' | regex_match('(')", "missing ), unterminated"),
        ("[] | min", "ValueError"),
        ("[nope] | yaml", "'nope' is undefined"),
        ("{'a': nope} | json", "'nope' is undefined"),
        ("[nope] | tojson", "'nope' is undefined"),
        ("nope | sequence", "'nope' is undefined"),
        ("[nope]", "'nope' is undefined"),
        ("{'a': [nope]}", "'nope' is undefined"),
        ("nope | load_yaml", "'nope' is undefined"),
        ("thing | json", "TypeError: Object of type Thing is not JSON serializable"),
        ("thing | yaml", "RepresenterError"),
    ],
)
def test_what_a_filter_cannot_take_is_an_error_with_its_line(expression: str, message: str):
    class Thing:
        pass

    found = problem("\n{{ " + expression + " }}", thing=Thing())
    assert message in found.message
    assert str(found.place) == "a/t.sls:2"


def test_a_list_that_holds_itself_is_refused():
    head = "{% set ns = namespace(x=[]) %}{% do ns.x.append(ns.x) %}{{ ns.x | "
    for name in ("yaml", "json", "tojson", "python", "flatten"):
        assert "of more than 100 levels" in problem(head + name + " }}").message


def test_data_comes_back_as_it_was_written():
    data: Any = {
        "b": [1, 2.5, None, True, "yes", "0644", "1.10", "a: b", "x\ny", "ü"],
        "a": {},
        3: "c",
    }
    tree = Tree()
    for template in ("{{ d | yaml }}", "{{ d | yaml(False) }}"):
        written = tree.text(template, d=data)
        back = "{{ (w | load_yaml) == d }}"
        assert tree.text(back, w=written, d=data) == "True"
    assert tree.text("{{ (d | json(sort_keys=False) | load_json).b == d.b }}", d=data) == "True"


def test_sets_and_generators_are_lists_in_json():
    assert text("{{ x | json }} {{ (x | map('string')) | yaml }}", x={1}) == "[1] ['1']"


def test_times_can_be_given_in_many_ways():
    assert text("{{ none | strftime('%Y') }}").isdigit()
    assert text("{{ '2024-03-04T05:06:07' | strftime('%H:%M') }}") == "05:06"
    assert text("{{ '4 March 2024' | date_format }} {{ '20240304' | strftime }}") == (
        "2024-03-04 2024-03-04"
    )
    assert text("{{ d | strftime }}", d=__import__("datetime").date(2024, 3, 4)) == "2024-03-04"


def test_random_things_are_not_promised():
    assert not {"random_str", "rand_str", "random_hash", "gen_mac"} & (set(FILTERS) | set(TESTS))
