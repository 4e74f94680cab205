"""`make demo`: what a newcomer sees first ends well and leaves nothing behind."""

import os
import sys
from pathlib import Path

from zester_testing.fleet import run

REPOSITORY = Path(__file__).resolve().parent.parent


def test_the_demo_ends_well_and_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "NO_COLOR": "1"}

    done = run([sys.executable, REPOSITORY / "tools" / "demo.py"], environment, timeout=120)

    assert done.code == 0, done.out + done.err
    assert "+<p>Hello from peel-5, a linux host on" in done.out
    assert "15 states: 15 would change" in done.out
    assert "15 states: 15 changed" in done.out
    assert done.out.count("15 states: 15 ok") == 2
    assert "password: ***" in done.out.replace('"', "")
    assert "demo/web.zy:3:9     replaced  8080" in done.out
    assert done.out.count("yes: ") == 3
    assert "canary-" not in done.out
    assert list(tmp_path.iterdir()) == []
