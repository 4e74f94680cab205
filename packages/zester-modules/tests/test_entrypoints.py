"""Distributions as they lie on a disk, read by a Python of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = '''
from zester_modules.registry import Context, Duration, Return, function

@function("{module}.restart", timeout=30)
def restart(context: Context, name: str, wait: Duration = 5) -> Return:
    """Restart it.

    Args:
        name: which.
    """
    return Return(f"{{name}} after {{wait}}", "changed")
'''


def install(site: Path, package: str, module: str, source: str | None = None) -> None:
    info = site / f"{package}-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[zester.functions]\n{module} = {package}_code\n")
    (site / f"{package}_code.py").write_text(source or SOURCE.format(module=module))


def python(site: Path, code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


CALL = """
from zester_modules.call import call
answer = call({arguments})
print(answer.outcome, answer.value, answer.error, answer.hint, sep="|")
"""


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ("'nginx.restart', ['web'], {'wait': '1m'}", "changed|web after 60.0||"),
        ("'nginx.restart'", "refused|None|nginx.restart: name: this argument is missing|"),
        ("'nginx.restrat'", "refused|None|there is no function 'nginx.restrat' on this host|"),
        ("'test.ping'", "ok|True||"),
    ],
)
def test_an_installed_distribution_adds_functions(tmp_path: Path, arguments: str, answer: str):
    install(tmp_path, "zester_nginx", "nginx")
    assert python(tmp_path, CALL.format(arguments=arguments)).startswith(answer)


def test_two_distributions_of_one_name_are_refused_naming_both(tmp_path: Path):
    install(tmp_path, "zester_one", "nginx")
    install(tmp_path, "zester_two", "nginx")
    answer = python(tmp_path, CALL.format(arguments="'nginx.restart', ['web']"))
    assert answer == (
        "refused|None|the functions nginx.* of zester_one 1.2, zester_two 1.2 are there twice"
        "|uninstall one of the distributions"
    )


def test_the_catalogue_lists_what_cannot_be_used(tmp_path: Path):
    install(tmp_path, "zester_nginx", "nginx")
    install(tmp_path, "zester_broken", "broken", "raise RuntimeError('old')")
    install(tmp_path, "zester_greedy", "test")
    code = """
from zester_modules.catalogue import build
from zester_modules.entrypoints import scan
from zester_modules.registry import Registry
found = build(Registry(scan))
(one,) = [one for one in found.functions if one.module == "nginx"]
print(one.package, one.usage, one.parameters[0].help, one.timeout, sep="|")
for one in found.broken:
    print(one.module, one.problem, sep="|")
"""
    assert python(tmp_path, code).splitlines() == [
        "zester_nginx 1.2|nginx.restart NAME [WAIT]|which.|30",
        (
            "test|the functions test.* of zester_greedy 1.2 cannot be used: "
            "Zester has this name itself"
        ),
        "broken|the functions broken.* of zester_broken 1.2 cannot be loaded: RuntimeError: old",
    ]


def test_installing_functions_changes_the_fact_that_names_the_catalogue(tmp_path: Path):
    code = """
from pathlib import Path
from zester_modules.facts.collect import Request, collect
print(collect(Request(folder=Path("/nonexistent"))).facts()["zester"]["modules"])
"""
    before = python(tmp_path, code)
    install(tmp_path, "zester_nginx", "nginx")
    after = python(tmp_path, code)
    assert before != after
    assert python(tmp_path, code) == after


def test_a_function_written_for_salt_is_told_what_to_write_instead(tmp_path: Path):
    source = SOURCE.format(module="nginx").replace("return Return(", "return __salt__['x'](")
    install(tmp_path, "zester_nginx", "nginx", source)
    answer = python(tmp_path, CALL.format(arguments="'nginx.restart', ['web']"))
    assert answer.startswith(
        "failed|None|nginx.restart raised NameError: name '__salt__' is not defined ("
    )
    assert answer.endswith(
        "|Zester injects no names: write context.registry.find('a.b')(context, ...), "
        "in a state scope.call('a.b', ...) (docs/write-a-module.md)"
    )
