"""Builds the five wheels, and beside them the constraints that pin everything they need."""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = ROOT / ".tools" / "uv" / "bin" / "uv"


def build(folder: Path) -> list[Path]:
    """Build every package into `folder`, with the lock as constraints.txt; return the wheels.

    The constraints carry no hashes: pip would then ask for one of our own wheels too.

    Raises:
        subprocess.CalledProcessError: uv refused; it has said why.

    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("zester_*.whl"):
        old.unlink()
    _uv("build", "--all-packages", "--wheel", "--out-dir", folder)
    scope = ("--all-packages", "--no-default-groups", "--no-emit-workspace")
    form = ("--no-hashes", "--no-header", "--no-annotate")
    _uv("export", "--locked", *scope, *form, "--output-file", folder / "constraints.txt")
    return sorted(folder.glob("zester_*.whl"))


def _uv(*arguments: str | Path) -> None:
    subprocess.run([UV, *arguments, "--quiet"], cwd=ROOT, check=True)


def main() -> int:
    """Build into the folder that the first argument names and list what came."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    for wheel in build(parser.parse_args().folder.resolve()):
        print(wheel.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
