from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_modules.host.process import CommandSpec, Finished, run_command
from zester_modules.host.spool import EDGE, Spool
from zester_modules.output import SMALL, output_of
from zester_proto import codec


def finished(folder: Path, stdout: bytes, stderr: bytes = b"", limit: int = 10**9, **more: Any):
    spools: dict[str, Any] = {}
    for name, data in {"stdout": stdout, "stderr": stderr}.items():
        spool = spools[name] = Spool(folder / name, limit=limit)
        spool.write(data)
        spool.end()
    fields: dict[str, Any] = {"exit_code": 0, "ended": "exited"} | spools | more
    return Finished(**fields)


SIZES = [0, 1, 31, 32, 255, 256, 65_535, 65_536, SMALL - 1, SMALL, SMALL + 1, 200_000]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("other", [0, 40, 70_000])
@pytest.mark.parametrize("code", [0, 1, 137])
def test_the_parts_are_exactly_the_packed_value(tmp_path: Path, size: int, other: int, code: int):
    done = finished(tmp_path, b"x" * size, b"y" * other, exit_code=code)
    output = output_of(done)
    whole = b"".join(output.parts())
    value = {"exit_code": code, "stderr": "y" * other, "stdout": "x" * size}
    assert whole == codec.pack(value)
    assert output.size == len(whole)
    assert not output.truncated
    assert max(len(part) for part in output.parts()) <= 128 * 1024
    assert output.whole().value == value
    output.close()
    assert list(tmp_path.iterdir()) == []


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_bytes_become_a_value_that_can_travel(
    tmp_path_factory: pytest.TempPathFactory, stdout: bytes, stderr: bytes
):
    done = finished(tmp_path_factory.mktemp("out"), stdout, stderr)
    value = output_of(done).whole().value
    assert value["stdout"] == stdout.decode("utf-8", "replace")
    assert codec.pack(value) == b"".join(output_of(done).parts())


def test_past_the_limit_the_edges_are_left_with_length_and_digest(tmp_path: Path):
    data = b"".join(b"%07d\n" % number for number in range(100_000))
    output = output_of(finished(tmp_path, data, b"small"), limit=500_000)
    value = output.whole().value
    assert output.truncated
    assert output.size < 140_000
    assert value["truncated"] is True
    assert value["length"] == {"stdout": 800_000, "stderr": 5}
    assert value["digest"]["stdout"] == codec.digest(data).hex()
    assert value["stderr"] == "small"
    assert value["stdout"].startswith("0000000\n")
    assert value["stdout"].endswith("0099999\n")
    assert f"\n[... {800_000 - 2 * EDGE} bytes left out ...]\n" in value["stdout"]
    output.close()


def test_what_did_not_fit_on_the_disk_is_truncated_with_the_reason(tmp_path: Path):
    done = finished(tmp_path / "gone", b"x" * 300_000)
    output = output_of(done)
    assert output.truncated
    assert output.error == "the output does not fit on the disk: No such file or directory"
    assert "bytes left out" in output.whole().value["stdout"]


@pytest.mark.parametrize(
    ("more", "outcome", "error"),
    [
        ({}, "changed", ""),
        ({"exit_code": 3}, "failed", "exit code 3"),
        ({"exit_code": 137, "signal": 9}, "failed", "it was killed by SIGKILL"),
        ({"exit_code": 162, "signal": 34}, "failed", "it was killed by SIGRTMIN"),
        ({"exit_code": 163, "signal": 35}, "failed", "it was killed by signal 35"),
        (
            {"exit_code": 143, "signal": 15, "ended": "timed-out"},
            "timed-out",
            "its time was up after 5 s and it was stopped",
        ),
        (
            {"exit_code": 0, "ended": "cancelled"},
            "cancelled",
            "it was cancelled and stopped",
        ),
    ],
)
def test_the_outcome_says_how_it_ended(
    tmp_path: Path, more: dict[str, Any], outcome: str, error: str
):
    output = output_of(finished(tmp_path, b"", **more), timeout=5)
    assert (output.outcome, output.error) == (outcome, error)


async def test_a_real_commands_output_travels_whole(tmp_path: Path):
    spec = CommandSpec(
        argv=("/bin/sh", "-c", "seq 1 100000; seq 1 9 >&2"), cwd="/", env={"PATH": "/usr/bin:/bin"}
    )
    output = output_of(await run_command(spec, tmp_path))
    value = output.whole().value
    assert value["stdout"] == "".join(f"{number}\n" for number in range(1, 100_001))
    assert value["stderr"].split() == list("123456789")
    output.close()
