from pathlib import Path
from typing import Any

import msgspec
import pytest

from zester_modules.basket.item import Basket, BasketItem
from zester_modules.states.template_context import Given, Templates
from zester_testing.state_tree import StateTree

SETTINGS: dict[str, Any] = {
    "nginx": {"port": 80, "sites": ["a"]},
    "master": {"only": "there", "deep": {"a": 1}},
    "deep": {"b": 2},
    "version": "1.10",
}
FACTS: dict[str, Any] = {
    "id": "web-1", "os": "Debian", "os_family": "Debian", "roles": ["web", "db"],
    "cpu": {"count": 2}, "deep": {"c": 3}, "kernel": "Linux",
}  # fmt: skip


@pytest.fixture
def templates(tmp_path: Path) -> Templates:
    return of(tmp_path)


def of(root: Path, *, basket: Basket | None = None, **given: Any) -> Templates:
    files = {"a/init.sls": "", "a/data.yaml": "x: {{ y }}\n", "b.sls": ""}
    tree = StateTree(root, files, facts=FACTS, settings=SETTINGS)
    tree.context.basket = basket
    tree.context.options = {"deep": {"a": 9}, "option": "mine"}
    return Templates(tree.tree, Given(context=tree.context, **given))


def text(templates: Templates, template: str) -> str:
    rendered = templates.render("base", "a/init.sls", {"sls": "a"}, text=template)
    assert rendered.problems == ()
    return rendered.text


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("{{ facts.os }} {{ grains['os'] }} {{ peel_id }} {{ pillar['version'] }}",
         "Debian Debian web-1 1.10"),
        ("{{ opts.id }} {{ opts['__cli'] }} {{ opts.get('x', 1) }} {{ opts.saltenv }}",
         "web-1 salt-call 1 base"),
        ("{{ opts.pillarenv }} {{ opts.get('pillarenv') or 'base' }}", "None base"),
        ("{{ sls }} {{ tpldir }} {{ tplroot }} {{ tplfile }} {{ env }} {{ saltenv }}",
         "a a a a/init.sls base base"),
        ("{{ salt.pillar.get('nginx:port') }} {{ salt.pillar.get('no', '1.10') }}", "80 1.10"),
        ("{{ salt['pillar.get']('nope') == '' }}", "True"),
        ("{{ salt['pillar.get']('nginx', {'port': 1, 'user': 'x'}, merge=True) }}",
         "{'port': 80, 'user': 'x', 'sites': ['a']}"),
        ("{{ salt['pillar.get']('nginx:sites', ['b'], merge=True) }}", "['b', 'a']"),
        ("{{ salt['grains.get']('cpu:count') }} {{ salt.grains.get('nope', 'x') }}", "2 x"),
        ("{{ salt.grains.has_value('kernel') }} {{ salt.grains.has_value('x') }}", "True False"),
        ("{{ salt['grains.filter_by']({'Debian': {'p': 1}, 'default': {'p': 2}}) }}", "{'p': 1}"),
        ("{{ salt['grains.filter_by']({'RedHat': 1, 'default': 2}, 'os_family') }}", "2"),
        ("{{ salt['grains.filter_by']({'Deb*': {'p': 1}}, merge={'q': 2}) }}", "{'p': 1, 'q': 2}"),
        ("{{ salt['grains.filter_by']({'d': {'p': 1}, 'Debian': {'q': 2}}, base='d') }}",
         "{'p': 1, 'q': 2}"),
        ("{{ salt['grains.filter_by']({'web': 1}, grain='roles') }}", "1"),
        ("{{ salt['grains.filter_by']({'x': 1}, grain='os') }}", "None"),
        ("{% set c = salt['config.get'] %}{{ c('option') }} {{ c('kernel') }} {{ c('only') }}",
         "mine Linux there"),
        ("{{ salt['config.get']('deep') }}", "{'a': 9}"),
        ("{{ salt['config.get']('deep', merge='recurse') }}", "{'a': 9, 'b': 2, 'c': 3}"),
        ("{{ salt['config.option']('option') }} {{ salt['config.option']('x', 'y') }}", "mine y"),
        ("{{ salt.slsutil.merge({'a': {'b': 1}}, {'a': {'c': 2}}) }}", "{'a': {'b': 1, 'c': 2}}"),
        ("{{ salt['slsutil.serialize']('json', {'a': [1]}) }}", '{"a": [1]}'),
        ("{{ salt['slsutil.serialize']('yaml', {'a': [1]}) }}", "a: [1]"),
        ("{{ salt['slsutil.renderer']('salt://a/data.yaml', y=5) }}", "{'x': 5}"),
        ("{% set d = {'a': 1} %}{% do salt['defaults.merge'](d, {'b': 2}) %}{{ d }}",
         "{'a': 1, 'b': 2}"),
        ("{{ salt['defaults.merge']({'a': 1}, None) }}", "{'a': 1}"),
        ("{{ salt['log.debug']('x') }}", "True"),
        ("{{ salt['cp.list_states']() }} {{ salt['cp.list_master_dirs']() }}", "['a', 'b'] ['a']"),
        ("{{ salt.network.calc_net('10.1.2.3/24') }}", "10.1.2.0/24"),
        ("{{ salt.network.ip_in_subnet('10.1.2.3', '10.0.0.0/8') }}", "True"),
        ("{{ salt['no.no'] | default('none') }} {{ salt.no.no is defined }}", "none False"),
        ("{{ salt['pillar.get'] is callable }} {{ salt['cmd.run'] is callable }}", "True True"),
        ("{{ 'cmd.run' in salt }} {{ 'pillar.get' in salt }} {{ 'no.no' in salt }}",
         "False True False"),
        ("{{ salt['facts.get']('cpu.count') }} {{ salt['mine.get']('*', 'x') }}", "2 {}"),
        ("{{ ifelse('web-*', 'w', 'x') }} {{ ifelse('db-*', 'd', 'x') }}", "w x"),
        ("{{ basket('*', 'ip') }}", "[]"),
    ],
)  # fmt: skip
def test_templates_see_the_peel_and_salts_names_for_it(
    template: str, shown: str, templates: Templates
):
    assert text(templates, template) == shown


def test_templates_see_links_and_empty_folders_of_the_tree(tmp_path: Path):
    found = of(tmp_path)
    (tmp_path / "base" / "a" / "out").symlink_to("/etc/nginx")
    (tmp_path / "base" / "empty" / "inner").mkdir(parents=True)
    template = (
        "{{ salt['cp.list_master_symlinks']() }} {{ salt['cp.list_master_symlinks'](prefix='b') }} "
        "{{ salt['cp.list_master_dirs']() }}"
    )
    assert text(found, template) == "{'a/out': '/etc/nginx'} {} ['a', 'empty', 'empty/inner']"


def test_what_templates_change_is_their_own(templates: Templates):
    text(templates, "{% do pillar.nginx.update({'port': 1}) %}{% do grains.update({'x': 1}) %}")
    assert SETTINGS["nginx"]["port"] == 80
    assert "x" not in FACTS


def test_options_cannot_be_changed(templates: Templates):
    rendered = templates.render("base", "a/init.sls", {}, text="{% do opts.update({'x': 1}) %}")
    assert rendered.problems


def test_commands_run_in_templates_only_where_the_configuration_lists_them(tmp_path: Path):
    template = "{{ salt['cmd.run']('echo $((1 + 1)); echo e >&2', python_shell=True) }}"
    (problem,) = of(tmp_path / "1").render("base", "a/init.sls", {}, text=template).problems
    assert "cmd.run may not be called while a template renders" in problem.message
    allowed = of(tmp_path / "2", template_functions=frozenset({"cmd.run"}))
    work = tmp_path / "work"
    work.mkdir()
    allowed.calls.context = msgspec.structs.replace(allowed.calls.context, tmp=work)
    assert text(allowed, template) == "2\ne"


def test_a_function_that_is_not_there_is_told_with_the_templates_line(templates: Templates):
    rendered = templates.render("base", "a/init.sls", {}, text="\n{{ salt['pilar.get']('x') }}")
    (problem,) = rendered.problems
    assert (str(problem.place), problem.hint) == ("a/init.sls:2", "did you mean pillar.get?")


def test_the_basket_gives_peels_and_values(tmp_path: Path):
    asked: list[tuple[str, str]] = []

    def basket(target: str, name: str) -> list[BasketItem]:
        asked.append((target, name))
        return [BasketItem("db-1", "{{ 10.0.0.1 }}", 90.0)]

    found = of(tmp_path, basket=basket)
    template = (
        "{% for one in basket('G@role:db', 'ip') %}"
        "{{ one.peel }}={{ one.value }} {{ one.age }}{% endfor %}"
    )
    assert text(found, template) == "db-1={{ 10.0.0.1 }} 90.0"
    assert (
        text(found, "{{ salt['mine.get']('role:db', 'ip', 'grain') }}")
        == "{'db-1': '{{ 10.0.0.1 }}'}"
    )
    written = '[{"peel": "db-1", "value": "{{ 10.0.0.1 }}", "age": 90.0}]'
    assert text(found, "{{ basket('G@role:db', 'ip') | tojson }}") == written
    assert set(asked) == {("G@role:db", "ip")}


def test_grains_have_salts_names_and_facts_our_own(tmp_path: Path):
    tree = StateTree(tmp_path, {"a.sls": ""}, facts={
        "id": "web-1", "os": "debian", "os_family": "debian", "os_version": "12", "arch": "x86_64",
        "kernel": "linux", "kernel_version": "6.1.0",
    })  # fmt: skip
    made = Templates(tree.tree, Given(context=tree.context))
    ours = "{{ facts.os_family }} {{ facts.arch }} {{ facts.kernel }}"
    assert text(made, ours) == "debian x86_64 linux"
    salts = "{{ grains.os_family }} {{ grains.osarch }} {{ grains.kernel }} {{ grains.osfinger }}"
    assert text(made, salts) == "Debian amd64 Linux Debian-12"
    asked = "{{ salt['grains.get']('kernelrelease') }} {{ salt['config.get']('os_family') }}"
    assert text(made, asked) == "6.1.0 Debian"
    chosen = "{{ salt['grains.filter_by']({'Debian': {'a': 1}}) }}"
    assert text(made, chosen) == "{'a': 1}"
    assert made.is_meant("G@os_family:Debian and G@osfinger:Debian-12")
    assert made.is_meant("G@os:debian")


def test_a_fact_of_ours_hides_no_settings_that_a_formula_asks_for(tmp_path: Path):
    tree = StateTree(
        tmp_path, {"a.sls": ""}, facts={"id": "web-1", "timezone": "UTC"},
        settings={"timezone": {"name": "Europe/Berlin"}},
    )  # fmt: skip
    made = Templates(tree.tree, Given(context=tree.context))
    assert text(made, "{{ salt['config.get']('timezone:name') }}") == "Europe/Berlin"
    assert text(made, "{{ grains.timezone }}") == "UTC"
