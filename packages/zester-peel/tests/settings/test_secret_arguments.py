"""`key=secret:NAME`: what is sealed for a job's worker comes to its function, and no further."""

import hashlib
from typing import Any

import msgspec
import pytest

from zester_proto.identity.joining import PeelIdentity
from zester_proto.identity.sealing import seal_to
from zester_proto.identity.signing import SigningKey
from zester_proto.messages.jobs import Job
from zester_proto.messages.settings import JobSecrets, job_secrets_aad
from zester_proto.secrets.masker import MASK
from zester_testing.peels import Peel
from zester_testing.raw_master import RawMaster, Returned

SECRET = "correct horse battery"  # of this test
NAMED = "secret:db/password"


def sealed(
    master: RawMaster,
    peel: PeelIdentity,
    jid: str,
    /,
    *,
    signer: SigningKey | None = None,
    aad_jid: str = "",
    **changes: Any,
) -> bytes:
    """Seal as a master does, or wrongly."""
    fields: dict[str, Any] = {
        "site": master.site, "peel": peel.id, "jid": jid, "values": {"db/password": SECRET},
    }  # fmt: skip
    body = master.signed("secrets", JobSecrets(**fields | changes), signer)
    return seal_to(peel.box.public, job_secrets_aad(master.site, peel.id, aad_jid or jid), body)


async def sent(master: RawMaster, peel: Peel, job: Job, data: bytes) -> Returned:
    await master.send(msgspec.structs.replace(job, sealed=data, needs=("job-secrets",)))
    return await master.returned(job.jid, peel.identity)


async def ran(
    master: RawMaster, peel: Peel, function: str, *args: Any, value: str = SECRET, **kwargs: Any
) -> Returned:
    job = master.job(peel.id, function, *args, kwargs=kwargs)
    data = sealed(master, peel.identity, job.jid, values={"db/password": value})
    found = await sent(master, peel, job, data)
    assert value not in f"{found.meta}{found.value}"
    assert value not in peel.log.read_text()
    return found


async def test_a_secret_comes_to_functions_of_all_kinds_and_not_back(
    master: RawMaster, peel: Peel
) -> None:
    assert (await ran(master, peel, "test.echo", NAMED)).value == MASK
    wanted = hashlib.sha256(SECRET.encode()).hexdigest()
    assert (await ran(master, peel, "hashutil.sha256_digest", NAMED)).value == wanted
    found = await ran(
        master, peel, "cmd.run", 'printf "%s %s" "$WORD" $(printf %s "$WORD" | base64)',
        env={"WORD": NAMED},
    )  # fmt: skip
    assert found.value["stdout"].startswith(f"{MASK} {MASK}")
    found = await ran(master, peel, "cmd.run", "echo $WORD >&2; exit 3", env={"WORD": NAMED})
    assert (found.outcome, found.value["stderr"]) == ("failed", f"{MASK}\n")


@pytest.mark.parametrize("value", ["12345678", "[a, b, c]", "{a: 1}", "true-ish: yes", "null123"])
async def test_a_secret_is_a_text_whatever_it_looks_like(
    master: RawMaster, peel: Peel, value: str
) -> None:
    assert (await ran(master, peel, "test.echo", NAMED, value=value)).value == MASK


async def test_no_error_shows_the_begin_of_a_secret(master: RawMaster, peel: Peel) -> None:
    value = "a-long-one-" * 20
    found = await ran(master, peel, "test.sleep", NAMED, value=value)
    assert found.outcome == "refused"
    assert found.error == f"test.sleep: seconds: {MASK} is no duration"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"values": {}}, "no value of the secret 'db/password' came"),
        ({"peel": "somebody-else"}, "are those of another job"),
        ({"jid": "20250101T000000000000-abcdef"}, "are those of another job"),
        ({"site": "another"}, "are those of another job"),
        ({"aad_jid": "20250101T000000000000-abcdef"}, "cannot be opened"),
        ({"signer": SigningKey.generate()}, "cannot be opened"),
    ],
)
async def test_what_was_not_sealed_for_this_job_by_a_master_is_refused(
    master: RawMaster, peel: Peel, changes: dict[str, Any], error: str
) -> None:
    job = master.job(peel.id, "test.echo", NAMED)
    found = await sent(master, peel, job, sealed(master, peel.identity, job.jid, **changes))
    assert found.outcome == "refused"
    assert error in found.error


@pytest.mark.parametrize("function", ["test.echo", "cmd.run", "hashutil.sha256_digest"])
async def test_a_reference_without_its_value_is_refused(
    master: RawMaster, peel: Peel, function: str
) -> None:
    found = await master.run(peel.identity, function, NAMED)
    assert found.outcome == "refused"
    assert "db/password" in found.error


async def test_what_a_function_with_secrets_prints_is_logged_by_nobody(
    master: RawMaster, peel: Peel
) -> None:
    job = master.job(peel.id, "tricks.says", NAMED)
    found = await sent(master, peel, job, sealed(master, peel.identity, job.jid))
    assert "SIGSEGV" in found.error
    assert SECRET not in peel.log.read_text()
    assert peel.lines("a function with secret arguments printed")


async def test_what_a_command_prints_comes_to_no_disk_with_a_secret(
    master: RawMaster, peel: Peel
) -> None:
    files = peel.state.joinpath("work", "*", "tmp", "stdout")
    line = (
        f'yes "$WORD" | head -c 2000000; until [ -s {files} ]; do sleep 0.02; done; '
        f"grep -c -F '***' {files} >&2; grep -c '{SECRET[:7]}' {files} >&2"
    )
    found = await ran(master, peel, "cmd.run", line, env={"WORD": NAMED})
    masked, told = found.value["stderr"].split()
    assert (int(masked) > 0, int(told)) == (True, 0)


async def test_a_state_whose_name_is_a_secret_says_nothing_of_it(
    master: RawMaster, peel: Peel
) -> None:
    line = "echo hunter-22 | rev; echo hunter-22 | rev >&2; exit 3"
    found = await ran(master, peel, "state.single", "cmd.run", value=line, name=NAMED)
    assert found.value["states"][0]["comment"] == "exit code 3"
    assert "22-retnuh" not in f"{found.value}"
