"""Bring up a fleet of five on this machine, use it as an operator would, and stop it."""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import demo_settings

PEELS = 5
READY_SECONDS = 60
STOP_SECONDS = 30
EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

STEPS: tuple[tuple[str, tuple[str, ...], int], ...] = (
    ("who is there", ("*", "test.ping"), 0),
    ("a command on every host", ("*", "cmd.run", "uname -sr"), 0),
    ("the fleet's facts, from the masters' index", ("facts", "query", "*", "os", "arch"), 0),
    ("a command that fails: the exit code says so", ("*", "cmd.run", "false"), 1),
    ("a compound target", ("G@kernel:linux and peel-[12]", "cmd.run", "echo hello; id -un"), 0),
)  # fmt: skip
RUN: tuple[str, ...] = ("*", "state.apply", "demo")
STATES: tuple[tuple[str, tuple[str, ...], int], ...] = (
    ("states, a dry run: what would change, with diffs", (*RUN, "test=True", "--diff"), 0),
    ("the run: the same, in earnest", (*RUN, "--summary"), 0),
    ("a second run: nothing is left to do", RUN, 0),
    ("a dry run of that, which exits 7 if anything would change",
     (*RUN, "--test", "--detailed-exit"), 0),
)  # fmt: skip
"""What is shown: a sentence, the words after `zester`, and the exit code that it must have."""


def main() -> int:
    """Run the demonstration; 0 if every step ended as it should."""
    began = time.monotonic()
    scripts = Path(sys.executable).parent
    folder = Path(tempfile.mkdtemp(prefix="zester-demo-"))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    fleet: subprocess.Popen[str] | None = None
    try:
        fleet = start(scripts, folder)
        config = wait_ready(fleet)
        say(f"{PEELS} peels, a master and a nats-server are up after {passed(began)}")
        publish_states(scripts, config, folder)
        wrong = [
            title
            for title, words, code in (*STEPS, *STATES)
            if not show(scripts, config, title, words, code)
        ]
        wrong += show_settings(scripts, config, folder)
    except KeyboardInterrupt:
        say("interrupted: stopping the fleet")
        return 130
    except RuntimeError as error:
        print(f"demo: {error}", file=sys.stderr)
        print((folder / "dev.log").read_text()[-4000:], file=sys.stderr)
        return 1
    finally:
        if fleet is not None:
            stop(fleet)
        shutil.rmtree(folder, ignore_errors=True)
    for title in wrong:
        print(f"demo: this step did not end as it should: {title}", file=sys.stderr)
    say(f"done in {passed(began)}; everything is stopped")
    return 1 if wrong else 0


def start(scripts: Path, folder: Path) -> subprocess.Popen[str]:
    """Start the fleet in a process group of its own, so that Ctrl-C reaches us first."""
    command = [scripts / "zester-master", "dev", "--peels", str(PEELS), "--dir", folder / "fleet"]
    with (folder / "dev.log").open("w") as log:
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
            preexec_fn=end_with_us,  # noqa: PLW1509 - no threads here
        )


def end_with_us() -> None:
    """Have the kernel stop the fleet when this process is gone, however that comes about."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def wait_ready(fleet: subprocess.Popen[str]) -> str:
    """Wait for the one line that `dev` prints when all peels are there; give the config's path."""
    assert fleet.stdout is not None
    line = fleet.stdout.readline()
    found = re.fullmatch(r"export ZESTER_CONFIG=(.+)", line.strip())
    if found is None:
        raise RuntimeError(f"the fleet did not come up (exit code {fleet.wait(READY_SECONDS)})")
    return found[1].strip("'\"")


def publish_states(scripts: Path, config: str, folder: Path) -> None:
    """Give the master the example's state tree, and wait until it has published it."""
    states = folder / "fleet" / "states"
    staged = folder / "staged"
    shutil.copytree(EXAMPLES / "states" / "demo", staged)
    (staged / "where.yaml").write_text(f"folder: {folder}/hosts\ngreeting: Hello\n")
    states.mkdir(exist_ok=True)
    (folder / "hosts").mkdir()
    staged.rename(states / "demo")
    command = [scripts / "zester", "tree", "status", "--output", "json"]
    environment = {**os.environ, "ZESTER_CONFIG": config}
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        # the command ends with 0 when what is published is what the master has
        if done.returncode == 0 and b'"files": 4' in done.stdout:
            return
        time.sleep(0.1)
    raise RuntimeError("the state tree was not published")


def show_settings(scripts: Path, config: str, folder: Path) -> list[str]:
    """Publish settings with a secret and show them; give the steps that ended otherwise."""
    value = demo_settings.publish(scripts, config, folder, EXAMPLES)
    wrong = [
        title
        for title, words, code in demo_settings.STEPS
        if not show(scripts, config, title, words, code)
    ]
    say("where the secret is, and where it is not")
    for sentence, holds in demo_settings.proofs(folder, value):
        print(f"{'yes' if holds else 'NO'}: {sentence}", flush=True)
        wrong += [] if holds else [sentence]
    return wrong


def show(scripts: Path, config: str, title: str, words: tuple[str, ...], code: int) -> bool:
    """Run one step, shown as an operator would see it; say whether it ended as it should."""
    say(title)
    print("$ zester " + " ".join(quoted(word) for word in words), flush=True)
    began = time.monotonic()
    environment = {**os.environ, "ZESTER_CONFIG": config}
    done = subprocess.run([scripts / "zester", *words], env=environment, check=False)
    print(f"(exit code {done.returncode}, {passed(began)})", flush=True)
    return done.returncode == code


def stop(fleet: subprocess.Popen[str]) -> None:
    """Stop the fleet as SIGTERM does, and by force if that takes too long."""
    fleet.send_signal(signal.SIGTERM)
    try:
        fleet.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        fleet.kill()
        fleet.wait()


def quoted(word: str) -> str:
    """Give a word as one would type it."""
    return word if re.fullmatch(r"[\w.@:/-]+", word) else f"'{word}'"


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n== {text}", flush=True)


def passed(began: float) -> str:
    """Give the seconds since then."""
    return f"{time.monotonic() - began:.1f} s"


if __name__ == "__main__":
    sys.exit(main())
