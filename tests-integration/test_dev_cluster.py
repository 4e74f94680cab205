"""`zester-master dev --nats 3 --masters 3`: all as with one, three copies, nothing left behind."""

import json
import urllib.request
from pathlib import Path

import pytest

from zester_testing.fleet import (
    SCRIPTS,
    Fleet,
    eventually,
    processes_of,
    read_export,
    run,
    start_dev,
)

WORDS = ("--nats", "3", "--masters", "3")


@pytest.mark.slow
def test_three_servers_and_three_masters_keep_three_copies_in_a_reused_folder(tmp_path: Path):
    folder, log = tmp_path / "dev-of-three", tmp_path / "log"
    for jobs in (1, 2):
        process = start_dev(folder, log, peels=2, words=WORDS)
        try:
            fleet = Fleet(folder, process, read_export(process, log))
            done = fleet.zester("*", "test.ping", "--output", "json")
            masters = fleet.zester("master", "list", "--output", "json").json
            pings = fleet.zester("job", "list", "--function", "test.ping", "--output", "json").json

            assert done.json["counts"] == {"ok": 2}
            assert len(masters) == 3
            assert len(pings) == jobs
            assert _replicas(fleet) == {3}
        finally:
            process.kill()
            process.communicate()
        eventually(lambda: not processes_of(str(folder)), "every process is gone", 5.0)
    refused = run([SCRIPTS / "zester-master", "dev", "--peels", "2", "--dir", folder])

    assert refused.code == 1
    assert "has 3 nats-servers, not 1" in refused.err


def _replicas(fleet: Fleet) -> set[int]:
    monitor = fleet.child("nats-1")["monitor"]
    with urllib.request.urlopen(f"{monitor}/jsz?accounts=1&streams=1&config=1") as answer:
        accounts = json.loads(answer.read())["account_details"]
    return {one["config"]["num_replicas"] for each in accounts for one in each["stream_detail"]}
