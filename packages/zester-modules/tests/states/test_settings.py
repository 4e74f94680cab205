"""Settings trees, rendered and merged on a peel."""

from pathlib import Path
from typing import Any

import pytest

from zester_modules.context import Context
from zester_modules.errors import Refused
from zester_modules.registry import Registry
from zester_modules.states.settings_of import settings_from, settings_of
from zester_modules.states.template_context import Given, Templates
from zester_proto.messages.settings import SettingsEntry
from zester_proto.render.renderer import Limits
from zester_proto.settings.compile import compile_settings
from zester_proto.settings.model import Compiled
from zester_proto.tree.files import KeptTree
from zester_testing.state_tree import FACTS, StateTree

SECRETS = {"pw": "s3cr3t: it's", "lines": "one\ntwo\n"}


def rendered(root: Path, files: dict[str, str], *, top: str = "", **options: Any) -> Compiled:
    """Render a tree whose top file names all files, or is this text."""
    stems = [name.rpartition(".") for name in files if not {":", "/"} & set(name)]
    names = [stem for stem, _, suffix in stems if suffix in {"sls", "zy"}]
    text = top or f"base:\n  '*': [{', '.join(names)}]\n"
    tree = StateTree(root, {"top.sls": text, **files})
    roots = {env: [root / env] for env in sorted(tree.environments)}
    return settings_of(roots, tree.context, secret=SECRETS.get, **options)


def refused(root: Path, files: dict[str, str], *, top: str = "") -> list[str]:
    with pytest.raises(Refused) as caught:
        rendered(root, files, top=top)
    return caught.value.message.split("\n")[1:]


def test_files_are_merged_in_the_order_of_the_top_file(tmp_path: Path):
    files = {
        "a.sls": "web: {port: 80, names: [x]}\nlist: [1]\n",
        "b.sls": "web: {names: [y]}\nlist: [2]\nempty:\n",
        "c.sls": "web:\nempty: {now: a map}\n",
    }
    found = rendered(tmp_path, files)
    assert found.values == {
        "web": {"port": 80, "names": ["y"]}, "list": [2], "empty": {"now": "a map"},
    }  # fmt: skip
    assert [layer.path for layer in found.layers] == ["a.sls", "b.sls", "c.sls"]


def test_lists_are_put_together_where_pillar_merge_lists_is_on(tmp_path: Path):
    files = {"a.sls": "l: [1, 2]\n", "b.sls": "l: [2, 3, 3]\n"}
    assert rendered(tmp_path, files, lists="append").values == {"l": [1, 2, 3, 3]}


def test_a_file_lies_on_top_of_what_it_includes(tmp_path: Path):
    files = {
        "a.sls": "include: [b.inner, .c]\nx: a\n",
        "b/init.sls": "z: init\n", "b/inner.sls": "include: [.deep]\nx: b\ny: b\n",
        "b/deep.sls": "x: deep\ny: deep\nz: deep\n", "c.zy": "y: c\n",
    }  # fmt: skip
    found = rendered(tmp_path, files, top="base: {'*': [a]}\n")
    assert found.values == {"x": "a", "y": "c", "z": "deep"}


def test_an_include_takes_a_key_and_defaults(tmp_path: Path):
    files = {
        "a.sls": "include:\n  - b:\n      key: web:one\n      defaults: {port: 8080}\n"
        "  - b:\n      key: two\nweb: {three: 3}\n",
        "b.sls": "port: {{ port | default(80) }}\n",
    }
    found = rendered(tmp_path, files, top="base: {'*': [a]}\n")
    assert found.values == {"web": {"one": {"port": 8080}, "three": 3}, "two": {"port": 80}}


def test_globs_and_what_may_be_missing(tmp_path: Path):
    top = "base:\n  '*':\n    - ignore_missing: true\n    - nosuch\n    - 'web.*'\n"
    files = {"web/a.sls": "include: ['db.*']\na: 1\n", "web/b.sls": "a: 2\n", "db/x.sls": "x: 1\n"}
    assert rendered(tmp_path, files, top=top).values == {"a": 2, "x": 1}


def test_targets_are_ordered_by_order(tmp_path: Path):
    top = "base:\n  '*': [{order: 2}, a]\n  web-1: [{order: 1}, b]\n"
    assert rendered(tmp_path, {"a.sls": "x: a\n", "b.sls": "x: b\n"}, top=top).values == {"x": "a"}


def test_templates_see_what_is_merged_before_them(tmp_path: Path):
    files = {
        "a.sls": "web: {port: 80}\nroles: {{ grains.roles }}\n",
        "b.zy": "web: {tls: {{ pillar.web.port + 363 }}}\n{% do settings.web.clear() %}",
        "c.sls": "seen: {{ settings.web.keys() | list }}\nby: {{ salt['pillar.get']('web:tls') }}\n"
        "facts: {{ salt['grains.get']('os') }}\n",
    }
    found = rendered(tmp_path, files)
    assert found.values["web"] == {"port": 80, "tls": 443}
    assert (found.values["by"], found.values["facts"]) == (443, "Debian")
    assert found.called == frozenset()


def test_a_function_of_the_host_is_remembered(tmp_path: Path):
    found = rendered(tmp_path, {"a.sls": "x: {{ salt['test.echo']('y') }}\n"})
    assert (found.values, found.called) == ({"x": "y"}, {"test.echo"})


def test_each_dialect_keeps_its_words_in_a_mixed_tree(tmp_path: Path):
    files = {
        "a.sls": "s: {on: yes, hex: 0x1f, sixty: 1:30, text: 1e3, big: 1.0e+20, t: 'no'}\n",
        "b.zy": "z: {on: yes, exp: 1e3, octal: 0o17}\ns: {true: no}\n",
    }
    s = {True: "no", "hex": 31, "sixty": 90, "text": "1e3", "big": 1e20, "t": "no"}
    assert rendered(tmp_path, files).values == {
        "s": s, "z": {"on": "yes", "exp": 1000.0, "octal": 15},
    }  # fmt: skip


def test_a_file_named_again_is_laid_on_top_again(tmp_path: Path):
    files = {"a.sls": "include: [c]\nx: a\n", "b.sls": "x: b\ny: b\n", "c.sls": "y: c\nx: c\n"}
    found = rendered(tmp_path, files, top="base:\n  '*': [a, b, c]\n")
    assert found.values == {"x": "c", "y": "c"}


def test_secrets_are_texts_wherever_they_are_printed(tmp_path: Path):
    files = {
        "a.sls": (
            "plain: {{ secret('pw') }}\nquoted: '{{ secret(\"pw\") }}'\n"
            "json: {{ secret('pw') | json }}\n"
            "inside: user:{{ secret('pw') }}@host\nblock: |\n  {{ secret('lines') }}\n"
            "tag: !secret pw\nliteral: !encrypted 'other one'\nlist: [{a: {{ secret('pw') }}}, b]\n"
            "data: {{ {'k': secret('pw')} }}\nnone: secretly\n"
        )
    }
    found = rendered(tmp_path, files)
    pw = SECRETS["pw"]
    assert found.values == {
        "plain": pw, "quoted": pw, "json": pw, "inside": f"user:{pw}@host", "block": "one\ntwo\n\n",
        "tag": pw, "literal": "other one", "list": [{"a": pw}, "b"], "data": {"k": pw},
        "none": "secretly",
    }  # fmt: skip
    assert found.secrets == {
        ("plain",), ("quoted",), ("json",), ("inside",), ("block",), ("tag",), ("literal",),
        ("list", 0, "a"), ("data", "k"),
    }  # fmt: skip


def test_what_is_made_of_a_secret_is_one_too(tmp_path: Path):
    files = {
        "a.sls": (
            "{% set pw = secret('pw') %}{% macro line(x) %}m: {{ x }}{% endmacro %}"
            "{% set kept %}{{ pw }}{% endset %}"
            "auth: {{ ('u:' ~ pw) | base64_encode }}\nup: {{ pw.upper() }}\nadd: {{ pw + '!' }}\n"
            "{{ line(pw) }}\nset: {{ kept | upper }}\nformat: \"{{ '<{}>'.format(pw) }}\"\n"
        ),
        "c.sls": "{% import_yaml 'd.yaml' as d %}imported: {{ d.pw }}\nhex: {{ d.pw | md5 }}\n",
        "d.yaml": "pw: !secret pw\n",
        "b.sls": "again: {{ pillar.up }}\nauth2: {{ salt['pillar.get']('auth') }}\n",
    }
    found = rendered(tmp_path, files)
    pw = SECRETS["pw"]
    assert found.values == {
        "auth": "dTpzM2NyM3Q6IGl0J3M=", "up": pw.upper(), "add": pw + "!", "m": pw,
        "set": pw.upper(), "format": f"<{pw}>", "again": pw.upper(),
        "auth2": "dTpzM2NyM3Q6IGl0J3M=", "imported": pw, "hex": "ecd9865471068d45fef17294f9a82367",
    }  # fmt: skip
    assert found.secrets == {(name,) for name in found.values}


def test_what_was_sealed_for_a_peel_is_rendered_from_memory():
    tree = KeptTree({"base": {
        "a.sls": b"{% import_yaml 'd.yaml' as d %}\nx: {{ d.x }}\nid: {{ grains.id }}\n",
        "d.yaml": b"x: 1\n",
    }})  # fmt: skip
    context = Context(registry=Registry(), peel_id="web-1", facts=FACTS)
    found = settings_from(tree, [SettingsEntry("base", "a")], context)
    assert found.values == {"x": 1, "id": "web-1"}
    assert found.files == (("base", "a.sls"), ("base", "d.yaml"))


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"a.sls": "x: 1\ny: {{ nothing.at }}\n"}, "a.sls:2: 'nothing' is undefined"),
        ({"a.sls": "x: 1\nx: 2\n"}, "a.sls:2:1: the key 'x' is there twice, first in line 1"),
        ({"a.sls": "- x\n"}, "a.sls:1:1: settings are a mapping of names and values"),
        ({"a.sls": "x: {{ 'a' * 1000000000 }}\n"}, "a.sls:1: 1000000000 characters at once"),
        ({"a.sls": "include: [b]\n", "b.zy": "include: [a]\n"}, ""),
        ({"a.zy": "include: [b]\n", "b.zy": "include: [a]\n"},
         "b.zy:1:11: settings include themselves: a -> b -> a"),
        ({"a.zy": "l: {x: 1}\n", "b.zy": "l: [x]\n"}, "b.zy:1:4: l is a list here and a map"),
        ({"a.sls": "include: [b]\n"}, "a.sls:1:11: there is no settings file 'b' in the"),
        ({"a.sls": "include: [..b]\n"}, "a.sls:1:11: `include` of '..b' leads out of the tree"),
        ({"a.sls": "include: b\n"}, "a.sls:1:10: `include` takes a list"),
        ({"a.sls": "include:\n- b:\n    keys: x\n", "b.sls": ""},
         "a.sls:3:5: an include has no option 'keys' (did you mean key?)"),
        ({"a.sls": "#!yaml|gpg\nx: 1\n"}, "a.sls:1:1: a.sls asks for the renderer 'gpg'"),
        ({"a.sls": "#!py\nx = 1\n"}, "a.sls:1:1: a.sls asks for the renderer 'py'"),
        ({"a.sls": "x: {{ secret('nosuch') }}\n"}, "a.sls:1: there is no secret 'nosuch'"),
        ({"a.sls": "x: !secret nosuch\n"}, "a.sls:1:4: there is no secret 'nosuch'"),
        ({"a.sls": "{{ secret('pw') }}: 1\n"}, "a.sls:1: a secret cannot be the name of a setting"),
        ({"a.sls": "{% include secret('pw') %}\n"}, "a.sls:1: a secret cannot be the name of"),
        ({"a.sls": "!secret pw: 1\n"}, "a.sls:1:1: a secret cannot be the name of a setting"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(files: dict[str, str], told: str, tmp_path: Path):
    if not told:
        assert rendered(tmp_path, files).warnings
        return
    errors = refused(tmp_path, files)
    assert errors[0].startswith(told), errors
    assert SECRETS["pw"] not in "".join(errors)


def test_a_loop_without_an_end_is_stopped(tmp_path: Path):
    loop = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    tree = StateTree(tmp_path, {"a.sls": loop})
    given = Given(context=tree.context, limits=Limits(file_seconds=0.1))
    entries = [SettingsEntry("base", "a")]
    (error,) = compile_settings(tree.tree, Templates(tree.tree, given), entries).errors
    assert error.message == "the template takes too long and was stopped"


def test_an_unknown_environment_is_told(tmp_path: Path):
    errors = refused(tmp_path, {"a.sls": ""}, top="bass:\n  '*': [a]\n")
    assert errors == ["top.sls:1:1: there is no environment 'bass' (did you mean base?)"]


def test_kinds_that_do_not_mix_are_a_warning_in_salts_dialect(tmp_path: Path):
    found = rendered(tmp_path, {"a.sls": "l: {x: 1}\n", "b.sls": "l: [x]\n"})
    assert found.values == {"l": ["x"]}
    assert "is a list here and a mapping in a.sls:1:4" in found.warnings[0].message


def test_a_value_of_ten_megabytes_is_refused_or_read(tmp_path: Path):
    (error,) = refused(tmp_path / "1", {"a.sls": "x: {{ '' }}" + "y" * 11_000_000})
    assert error.startswith("a.sls:1: more than 10 MiB of text")
    long = "y" * 10_000_000
    assert rendered(tmp_path / "2", {"a.sls": f"x: {long}\n"}).values == {"x": long}


def test_a_peel_that_the_top_file_does_not_name_has_no_settings(tmp_path: Path):
    assert rendered(tmp_path, {"a.sls": "x: 1\n"}, top="base: {'db-*': [a]}\n").values == {}


def test_states_may_not_ask_for_secrets(tmp_path: Path):
    tree = StateTree(tmp_path, {"a.sls": "{{ secret('pw') }}: test.nop\n"})
    assert tree.errors("a") == [
        ("a.sls:1", "secret('pw') is for settings, and this is no settings file")
    ]
