"""Functions that misbehave, as an installed distribution of somebody else's."""

import textwrap
from pathlib import Path
from typing import Final

TRICKS: Final = '''
import ctypes, os, signal, sys, time
from zester_modules.registry import Context, Return, function

@function("tricks.raises")
def raises(_context: Context) -> None:
    """Raise."""
    raise RuntimeError("that went wrong")

@function("tricks.hangs")
def hangs(_context: Context) -> None:
    """Block and listen to nobody."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(60)

@function("tricks.spins", timeout=0.5)
def spins(_context: Context) -> None:
    """Take longer than it says."""
    while True:
        pass

@function("tricks.kills_itself")
def kills_itself(_context: Context, number: int = 9) -> None:
    """Die by a signal."""
    os.kill(os.getpid(), number)
    time.sleep(60)

@function("tricks.says")
def says(_context: Context, text: str) -> None:
    """Print a text and die."""
    sys.stdout.write(text)
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGSEGV)

@function("tricks.exits")
def exits(_context: Context) -> None:
    """Leave without a word."""
    os._exit(7)

@function("tricks.says_goodbye")
def says_goodbye(_context: Context) -> None:
    """Leave as scripts do."""
    sys.exit(3)

@function("tricks.prints")
def prints(_context: Context, size: int) -> str:
    """Print a lot."""
    line = "x" * 99 + chr(10)
    for _ in range(size // 100):
        sys.stdout.write(line)
    return "printed"

@function("tricks.returns")
def returns(_context: Context, size: int) -> str:
    """Answer a lot."""
    return "0123456789" * (size // 10)

@function("tricks.returns_odd")
def returns_odd(_context: Context) -> object:
    """Answer what cannot travel."""
    return {"deep": object()}

@function("tricks.eats")
def eats(_context: Context) -> int:
    """Want more memory than there is."""
    return len(bytearray(1 << 40))

@function("tricks.starts")
def starts(_context: Context, file: str) -> None:
    """Start a child, and wait for it."""
    import subprocess
    child = subprocess.Popen(["sleep", "300"])
    with open(file, "w") as out:
        out.write(str(child.pid))
    child.wait()

@function("tricks.changes")
def changes(_context: Context) -> Return:
    """Say that something changed."""
    return Return({"a": 1}, "changed")

@function("tricks.locked", lock="one")
def locked(_context: Context, file: str) -> None:
    """Write down when it ran, for a tenth of a second."""
    with open(file, "a") as out:
        out.write("in ")
        out.flush()
        time.sleep(0.1)
        out.write("out ")
'''


def install_tricks(folder: Path) -> Path:
    """Make the distribution in a folder, and give the folder for PYTHONPATH."""
    (folder / "zester_tricks.py").write_text(TRICKS)
    info = folder / "zester_tricks-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: zester-tricks\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        textwrap.dedent("""\
            [zester.functions]
            tricks = zester_tricks
        """)
    )
    return folder
