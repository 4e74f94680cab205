"""The worked example of docs/write-a-module.md, built, installed and run as the page says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import wheels

PAGE = wheels.ROOT / "docs" / "write-a-module.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PEEL = Path(sys.executable).with_name("zester-peel")


def blocks(kind: str) -> list[str]:
    return [text for found, text in BLOCK.findall(PAGE.read_text()) if found == kind]


def write_files(folder: Path) -> None:
    """Write every block that begins with a comment that is its path."""
    for kind in ("toml", "python", "yaml"):
        for text in blocks(kind):
            first, _, rest = text.partition("\n")
            path = folder / first.removeprefix("# ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(rest)


def run(*command: object, cwd: Path, site: Path | None = None) -> str:
    paths = {"PYTHONPATH": str(site)} if site else {}
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env={**os.environ, **paths}, check=False,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("acme")
    write_files(folder)
    run(wheels.UV, "build", "--wheel", "--offline", "--quiet", cwd=folder)
    (wheel,) = (folder / "dist").glob("*.whl")
    install = ("pip", "install", "--offline", "--no-deps", "--no-index", "--quiet")
    run(wheels.UV, *install, "--python", sys.executable, "--target", "site", wheel, cwd=folder)
    return folder


def commands() -> list[tuple[str, str]]:
    """Give each command of the page and what it prints."""
    (text,) = blocks("console")
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [(command, printed) for command, _, printed in (one.partition("\n") for one in parts)]


def without_seconds(text: str) -> str:
    return re.sub(r"\d+\.\d\d s$", "0.00 s", text, flags=re.MULTILINE)


def test_the_commands_of_the_page_print_what_it_says(project: Path, tmp_path: Path):
    hall = tmp_path / "hall"
    hall.mkdir()
    settings = project / "settings" / "common.zy"
    settings.write_text(settings.read_text().replace("/srv/hall", str(hall)))
    for command, printed in commands():
        _, *words = command.split()
        said = run(PEEL, *words, cwd=project, site=project / "site")
        assert without_seconds(said.replace(str(hall), "/srv/hall")) == printed
    assert (hall / "banner").read_text().splitlines()[1] == "HELLO YOU FROM WEB-1!"


def test_the_fact_is_collected(project: Path, tmp_path: Path):
    code = (
        "from pathlib import Path; from zester_modules.facts.collect import Request, collect\n"
        f"found = collect(Request(folder=Path('/none'), root=Path({str(tmp_path)!r})))\n"
        "print(found.facts()['rack'], [one for one in found.warnings if 'acme' in one])"
    )
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "acme-rack").write_text("b 7\n")
    said = run(sys.executable, "-c", code, cwd=project, site=project / "site")
    assert said == "{'place': '7', 'row': 'b'} []\n"


def test_the_distribution_passes_its_own_test(project: Path):
    tests = ("-q", "-p", "no:cacheprovider", "--rootdir", project, "--config-file", os.devnull)
    said = run(sys.executable, "-m", "pytest", *tests, "tests", cwd=project, site=project / "site")
    assert "3 passed" in said


def test_its_modules_work_in_a_tree_as_well(project: Path, tmp_path: Path):
    tree = tmp_path / "tree"
    for name in ("functions", "states"):
        folder = tree / {"functions": "_modules", "states": "_states"}[name]
        folder.mkdir(parents=True)
        shutil.copy(project / "src" / "zester_acme" / f"{name}.py", folder / "acme.py")
    words = ("--id", "web-1", "--tree", tree, "--tree-modules")
    assert run(PEEL, "call", *words, "acme.greet", "you", cwd=tmp_path) == "hello you from web-1\n"
    banner = (f"{tmp_path}/banner", "text=x", "width=1")
    run(PEEL, "call", *words, "state.single", "acme.banner", *banner, cwd=tmp_path)
    assert (tmp_path / "banner").read_text() == "=\nx\n=\n"
