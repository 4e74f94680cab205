"""Brings uv.lock up to date and takes every host name out of it: any index may serve the files."""

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "uv.lock"
UV = ROOT / ".tools" / "uv" / "bin" / "uv"


def hostless(text: str) -> str:
    """Return the lock in uv's own shape for a local flat index: file names and hashes, no address.

    Raises:
        ValueError: an address is left, so a package comes from elsewhere than an index.

    """
    text = re.sub(r'registry = "https?://[^"]+"', 'registry = ".wheels"', text)
    text = re.sub(r'\burl = "https?://[^"#]*/([^"/#]+)"', r'path = "\1"', text)
    left = [line for line in text.splitlines() if "://" in line]
    if left:
        msg = f"uv.lock: a source that is no index: {left[0].strip()}"
        raise ValueError(msg)
    return text


def check(text: str) -> int:
    """Say whether the lock names a host; return the exit code."""
    count = text.count("://")
    if count:
        print(f"uv.lock names a host in {count} places; run: make lock", file=sys.stderr)
    return 1 if count else 0


def main() -> int:
    """Lock and rewrite, or with --check only look; unknown options go to uv lock."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only look for hosts")
    options, rest = parser.parse_known_args()
    if options.check:
        return check(LOCK.read_text())
    done = subprocess.run([UV, "lock", *rest], cwd=ROOT, check=False)
    if done.returncode:
        return done.returncode
    try:
        LOCK.write_text(hostless(LOCK.read_text()))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
