import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = f"{os.defpath}:/usr/local/bin"
WANTED = "Zester needs Python 3.11, 3.12 or 3.13 with venv, and "


def set_up(*words: str, at: Path = ROOT, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=at, env=environ, check=False, capture_output=True, text=True, timeout=100
    )


def interpreter(folder: Path, change: str) -> str:
    """Write a python into `folder` that is this one but for what `change` does to it first."""
    path = folder / "python-of-the-test"
    path.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "import sys; {change}; exec(sys.argv[2])" "$@"\n'
    )
    path.chmod(0o755)
    return str(path)


def only_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode != 0
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


@pytest.fixture
def bare(tmp_path: Path) -> str:
    """A PATH with the commands of a plain system, and no Python."""
    for name in ("make", "sh", "env", "sed", "cksum", "cat", "head", "dirname"):
        (tmp_path / name).symlink_to(shutil.which(name, path=SYSTEM) or f"no-{name}")
    return str(tmp_path)


def test_without_python_one_line_says_what_to_install(bare: str):
    line = only_line(set_up("make", "setup", PATH=bare))
    assert WANTED + "there is no python3 here; on Debian: apt-get install python3" in line


def test_a_python_too_old_is_named_with_its_version(bare: str, tmp_path: Path):
    old = interpreter(tmp_path, "sys.version_info = (3, 8, 18)")
    line = only_line(set_up("sh", "tools/setup.sh", PATH=bare, PYTHON=old))
    assert line.startswith(f"{WANTED}{old} is 3.8; install one of them")


def test_a_python_without_venv_is_told_its_package(bare: str, tmp_path: Path):
    bald = interpreter(tmp_path, "sys.modules['ensurepip'] = None")
    line = only_line(set_up("sh", "tools/setup.sh", PATH=bare, PYTHON=bald))
    assert "has no venv; on Debian: apt-get install python3" in line


def test_a_shim_that_leads_nowhere_is_no_python(bare: str, tmp_path: Path):
    shim = tmp_path / "python-of-the-test"
    shim.write_text("#!/bin/sh\necho 'version not set' >&2\nexit 127\n")
    shim.chmod(0o755)
    done = set_up("sh", "tools/setup.sh", PATH=bare, PYTHON=str(shim))
    assert "does not start" in only_line(done)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A second checkout, with the uv of this one."""
    place = tmp_path / "checkout"
    ignore = shutil.ignore_patterns("__pycache__", "tests", "bench")
    for folder in ("packages", "tools"):
        shutil.copytree(ROOT / folder, place / folder, ignore=ignore)
    for name in ("pyproject.toml", "uv.lock"):
        shutil.copy(ROOT / name, place / name)
    (place / ".tools").symlink_to(ROOT / ".tools")
    return place


@pytest.mark.slow
def test_the_callers_settings_reach_nothing_and_a_second_set_up_is_silent(checkout: Path):
    hostile = {
        "PATH": SYSTEM,
        "HOME": str(Path.home()),
        "PYTHON": sys.executable,
        "PYTHONPATH": "nowhere",
        "UV_DEFAULT_INDEX": "nowhere",
        "UV_PYTHON": "none",
        "VIRTUAL_ENV": "none",
    }
    first = set_up("sh", "tools/setup.sh", at=checkout, **hostile)
    assert (first.returncode, first.stderr) == (0, "")
    place = "import zester_peel; print(zester_peel.__file__)"
    imported = set_up(".venv/bin/python", "-c", place, at=checkout).stdout
    assert imported.startswith(f"{checkout}/packages/zester-peel/src/")
    stamp = (checkout / ".venv" / "setup-stamp").stat().st_mtime_ns
    again = set_up("sh", "tools/setup.sh", at=checkout, **hostile)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert (checkout / ".venv" / "setup-stamp").stat().st_mtime_ns == stamp
