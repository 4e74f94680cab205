"""Results for programs: JSON, YAML, and the bare values."""

import base64
from collections.abc import Sequence
from typing import Any, cast

import msgspec

from zester_cli.output.screen import Screen
from zester_cli.output.values import as_command
from zester_cli.results import JobResult, PeelResult
from zester_proto.terminal import escaped_json, harmless, is_dangerous

BINARY = "$base64"
"""The one key of the map that stands for bytes in JSON."""

_TOLD = (
    "state", "operator", "created", "closed", "deadline", "owners", "parent", "part", "children",
)  # fmt: skip
"""What a document repeats of what the masters say of the job itself."""


def to_json(value: Any) -> str:
    """Give a value as JSON with indented lines; bytes are `{"$base64": "..."}`."""
    encoded = msgspec.json.encode(value, enc_hook=str) if not _has_bytes(value) else (
        msgspec.json.encode(_without_bytes(value))
    )  # fmt: skip
    return escaped_json(msgspec.json.format(encoded, indent=2).decode())


def to_yaml(value: Any) -> str:
    """Give a value as YAML; bytes are `!!binary`."""
    import yaml  # noqa: PLC0415  # 20 ms that only this form pays

    dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = str(yaml.dump(value, Dumper=dumper, allow_unicode=True, sort_keys=False, width=100))
    if is_dangerous(text):
        text = str(yaml.dump(value, Dumper=dumper, sort_keys=False, width=100))
    return text


def structured(screen: Screen, form: str, value: Any) -> None:
    """Write a value as `json` or `yaml`."""
    screen.write(to_json(value) if form == "json" else to_yaml(value))


def job_document(job: JobResult, *, told: bool = False) -> dict[str, Any]:
    """Give a job as the document that `--output json` and `yaml` write.

    Args:
        job: the job.
        told: also what the masters say of the job itself.
    """
    return {
        "jid": job.jid,
        "target": job.target,
        "function": job.function,
        "counts": job.counts(),
        "peels": {peel_id: _peel_document(one) for peel_id, one in job.peels.items()},
        **({name: job.info[name] for name in _TOLD if job.info.get(name)} if told else {}),
    }


def _peel_document(result: PeelResult) -> dict[str, Any]:
    document: dict[str, Any] = {
        "outcome": result.outcome,
        "return": result.value,
        "seconds": round(result.seconds, 6),
        "error": result.reason,
    }
    if result.late:
        document["late"] = result.late
    if result.truncated:
        document["truncated"] = True
    return document


def raw_job(screen: Screen, job: JobResult) -> None:
    """Write the values alone, in the order of the ids; what went wrong goes to standard error.

    What a command wrote is passed on as it is, its stderr to ours; a text ends in a line end; any
    other value is a line of JSON. On a terminal nothing is written that it would obey.
    """
    for peel_id, one in job.peels.items():
        command = as_command(one.value)
        if command is not None:
            raw_text(screen, str(command["stdout"]))
            if command["stderr"]:
                screen.out.flush()
                text = str(command["stderr"])
                screen.err.write(harmless(text) if screen.err.isatty() else text)
        elif one.value is not None or one.succeeded:
            raw_value(screen, one.value)
        if not one.succeeded:
            screen.fail(f"{peel_id}: {one.outcome}: {harmless(one.reason)}")


def raw_value(screen: Screen, value: Any) -> None:
    """Write one value as it is."""
    if isinstance(value, bytes):
        if screen.out.isatty():
            raw_text(screen, value.decode("utf-8", "backslashreplace"))
        else:
            screen.write_bytes(value)
    elif isinstance(value, str):
        raw_text(screen, value if value.endswith("\n") else f"{value}\n")
    else:
        line = msgspec.json.encode(_without_bytes(value)).decode()
        screen.write(escaped_json(line))


def raw_text(screen: Screen, text: str) -> None:
    """Write a text without a letter more, made harmless only for a terminal."""
    if screen.out.isatty():
        screen.out.write(harmless(text))
    else:
        screen.write_bytes(text.encode())


def raw_lines(screen: Screen, lines: Sequence[str]) -> None:
    """Write names, one a line."""
    for line in lines:
        raw_text(screen, f"{line}\n")


def _has_bytes(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_bytes, cast("dict[str, Any]", value).values()))
    if isinstance(value, list):
        return any(map(_has_bytes, cast("list[Any]", value)))
    return isinstance(value, bytes)


def _without_bytes(value: Any) -> Any:
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return {key: _without_bytes(item) for key, item in pairs}
    if isinstance(value, list):
        return [_without_bytes(item) for item in cast("list[Any]", value)]
    if isinstance(value, bytes):
        return {BINARY: base64.b64encode(value).decode("ascii")}
    return value
