"""A host's processors, memory and disks."""

import os
import re
from typing import Any, Final

from zester_modules.facts.source import Source

_MODEL: Final = ("model name", "cpu model", "Processor", "Model", "cpu", "Hardware", "processor")
_SECTOR: Final = 512
_NO_DISKS: Final = re.compile(r"(loop|ram|zram|dm-|md|sr|fd|nbd)\d*")


def cpu(source: Source) -> dict[str, Any]:
    """Collect `cpu`: how many are usable, the model and what it can do."""
    info = parse_cpuinfo(source.text("/proc/cpuinfo"))
    return {"cpu": {"count": os.cpu_count() or info["count"], **_without_count(info)}}


def _without_count(info: dict[str, Any]) -> dict[str, Any]:
    return {"model": info["model"], "flags": info["flags"]}


def parse_cpuinfo(text: str) -> dict[str, Any]:
    """Read /proc/cpuinfo, whose names differ from one architecture to the next."""
    first: dict[str, str] = {}
    count = 0
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if not colon:
            continue
        name, value = name.strip(), value.strip()
        # s390 writes "processor 0: version = ..." and numbers it in the name
        count += name.startswith("processor") and (value.isdecimal() or name != "processor")
        first.setdefault(name, value)
    flags = first.get("flags") or first.get("Features") or first.get("features") or ""
    return {"count": count, "model": _model(first), "flags": sorted(set(flags.split()))}


def _model(first: dict[str, str]) -> str:
    for name in _MODEL:
        value = first.get(name, "")
        if value and not value.isdecimal():
            return " ".join(value.split())
    return " ".join(first.get("vendor_id", "").split())


def memory(source: Source) -> dict[str, Any]:
    """Collect `memory`: bytes of it and of swap space."""
    sizes = parse_meminfo(source.need("/proc/meminfo"))
    return {"memory": {"total": sizes["MemTotal"], "swap_total": sizes.get("SwapTotal", 0)}}


def parse_meminfo(text: str) -> dict[str, int]:
    """Read /proc/meminfo, in bytes."""
    found: dict[str, int] = {}
    for line in text.splitlines():
        name, _, value = line.partition(":")
        number, _, unit = value.strip().partition(" ")
        if number.isdecimal():
            found[name] = int(number) * (1024 if unit == "kB" else 1)
    return found


def disks(source: Source) -> dict[str, Any]:
    """Collect `disks`: the real ones, not partitions, loops or memory."""
    names = (name for name in source.names("/sys/block") if not _NO_DISKS.fullmatch(name))
    return {"disks": {name: _disk(source, f"/sys/block/{name}") for name in names}}


def _disk(source: Source, folder: str) -> dict[str, Any]:
    sectors = source.text(f"{folder}/size")
    return {
        "size": int(sectors) * _SECTOR if sectors.isdecimal() else 0,
        "rotational": source.text(f"{folder}/queue/rotational") == "1",
        "removable": source.text(f"{folder}/removable") == "1",
        "model": " ".join(source.text(f"{folder}/device/model").split()),
    }
