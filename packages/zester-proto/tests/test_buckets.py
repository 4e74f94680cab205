import pytest

from zester_proto import buckets
from zester_proto.permissions import READABLE

RUNBOOK = {  # runbook, Critical Data Stores: name and TTL in seconds
    "facts": 0, "settings-files": 0, "secrets": 0, "basket": 0, "jobs": 604_800,
    "job-returns": 604_800, "master-heartbeat": 15, "enrollments": 0, "enroll-challenges": 300,
    "state-files": 0, "update-manifests": 0, "update-status": 60, "update-rollouts": 0,
}  # fmt: skip


def test_the_buckets_are_the_runbooks_and_ours():
    names = {bucket.name: bucket.ttl for bucket in buckets.BUCKETS}

    assert {name: names[name] for name in RUNBOOK} == RUNBOOK
    assert set(names) - set(RUNBOOK) == {"trust", "update-blobs", "site"}
    assert {stream.name for stream in buckets.STREAMS} == {"job-events", "events"}


def test_the_audit_is_kept_ninety_days_and_nobody_purges_it():
    audit = next(stream for stream in buckets.STREAMS if stream.name == "job-events")

    assert audit.ttl == 90 * 86_400
    assert audit.permanent


def test_only_returns_are_written_once():
    assert [bucket.name for bucket in buckets.BUCKETS if bucket.write_once] == ["job-returns"]


def test_a_bucket_is_found_by_its_name():
    assert buckets.bucket("facts").stream == "KV_facts"
    assert buckets.bucket("facts").subjects == ("$KV.facts.>",)
    with pytest.raises(KeyError):
        buckets.bucket("none")


def test_what_peels_read_whole_is_written_by_masters_alone():
    for name in READABLE:
        assert buckets.bucket(name).writers == "masters"


def test_nothing_that_a_peel_sends_feeds_the_audit():
    audit = next(stream for stream in buckets.STREAMS if stream.permanent)

    assert audit.writers == "masters"
