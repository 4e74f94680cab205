"""What `make demo` shows of settings and secrets, on the fleet that demo.py brought up."""

import asyncio
import json
import os
import secrets
import shutil
import subprocess
import time
from pathlib import Path

from zester_proto.identity.creds import read_creds
from zester_proto.link import LinkOptions, NatsLink, PermissionDenied
from zester_proto.subjects import direct_get

NAME = "demo/database"
READY_SECONDS = 60

STEPS: tuple[tuple[str, tuple[str, ...], int], ...] = (
    ("settings of a peel: layers laid over each other, secrets masked",
     ("settings", "show", "peel-1"), 0),
    ("which file and line gave a setting", ("settings", "trace", "peel-1", "nginx:port"), 0),
    ("a target that asks for settings", ("I@nginx:port:8080", "test.ping"), 0),
    ("a file with a secret in it: no diff shows it",
     ("peel-1", "state.apply", "demo.database", "--diff"), 0),
    ("what peels share with each other", ("basket", "get", "*", "address"), 0),
)  # fmt: skip
"""As demo.py's own: a sentence, the words after `zester`, and the exit code."""


def publish(scripts: Path, config: str, folder: Path, examples: Path) -> str:
    """Keep a secret, and publish the example's settings; give the secret's value.

    Raises:
        RuntimeError: it did not come about.
    """
    fleet, value = folder / "fleet", f"canary-{secrets.token_hex(12)}"
    command = [scripts / "zester-master", "secret", "set", NAME, "--config", fleet / "master.yaml"]
    subprocess.run(command, input=value, text=True, check=True)
    staged = folder / "staged"
    shutil.copytree(examples / "settings", staged)
    staged.rename(fleet / "settings")
    ask = [scripts / "zester", "--output", "json"]
    _wait([*ask, "settings", "get", "peel-1", "nginx:port"], config, "settings", 8080)
    _wait([*ask, "basket", "get", "*", "address"], config, "shared values")
    return value


def _wait(command: list[str | Path], config: str, what: str, value: int | None = None) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        environment = {**os.environ, "ZESTER_CONFIG": config}
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        found: list[dict[str, object]] = json.loads(done.stdout) if done.returncode == 0 else []
        if found and (value is None or found[0].get("value") == value):
            return
        time.sleep(0.1)
    raise RuntimeError(f"no {what} were published")


def proofs(folder: Path, value: str) -> list[tuple[str, bool]]:
    """Look for the secret where it belongs and where it does not; a sentence and whether it holds.

    Args:
        folder: of the demonstration.
        value: the secret.
    """
    written = (folder / "hosts" / "peel-1" / "database.ini").read_text()
    store = folder / "fleet" / "site" / "nats"
    files = [one for one in store.rglob("*") if one.is_file()]
    found = [one for one in files if value.encode() in one.read_bytes()]
    refusal = asyncio.run(_ask_for_anothers(folder / "fleet"))
    return [
        ("the file on peel-1 holds the secret", value in written),
        (f"none of the {len(files)} files of the NATS server holds it", bool(files) and not found),
        (f"peel-2 asks for peel-1's secrets: {refusal}", "peel-1" in refusal),
    ]


async def _ask_for_anothers(fleet: Path) -> str:
    """Ask with the credentials of one peel for what another was given; give the answer."""
    auth = fleet / "peels" / "peel-2" / "auth"
    running = json.loads((fleet / "dev.json").read_text())
    options = LinkOptions(
        urls=(running["nats"][0]["url"],), creds=read_creds(auth / "peel.creds"), ca=auth / "ca.crt"
    )
    async with NatsLink(options) as link:
        await link.connect_once(READY_SECONDS)
        try:
            await link.request(direct_get("secrets", "peel-1"), seconds=5.0)
        except PermissionDenied as error:
            return error.message
    return "it got an answer"
