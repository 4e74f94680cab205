"""What the agent pays in memory for knowing functions."""

import subprocess
import sys

AGENT = """
import sys
import zester_modules.registry, zester_modules.call, zester_modules.output
import zester_modules.facts.child
registry = zester_modules.registry.Registry()
for name in zester_modules.registry.IN_AGENT:
    registry.functions(name)
print(*sorted(sys.modules))
"""

NEVER = {
    "bz2", "cryptography", "importlib.metadata", "jinja2", "json", "lzma", "nats",
    "prometheus_client", "psutil", "pwd", "rich", "shutil", "tempfile", "textwrap", "typer", "yaml",
    "zester_modules.catalogue", "zester_modules.entrypoints", "zester_modules.facts.collect",
    "zester_modules.facts.custom", "zester_modules.facts.yamlfile",
}  # fmt: skip


def loaded(code: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_agent_never_loads_what_only_children_need():
    found = loaded(AGENT)
    # asyncio and msgspec may bring one of them along on some version of Python
    base = loaded("import asyncio, logging, sys, msgspec, ormsgpack; print(*sys.modules)")
    assert (found - base) & NEVER == set()


def test_the_registry_alone_brings_no_event_loop():
    found = loaded("import sys, zester_modules.registry; print(*sys.modules)")
    assert not found & {"asyncio", "subprocess", "socket", "zester_modules.host.process"}
    ours = {one for one in found if one.startswith("zester_modules.functions")}
    assert ours == set()
