"""Lines of a crontab: what nobody asked for stays byte for byte."""

from hypothesis import given
from hypothesis import strategies as st

from zester_modules.tables import crontab
from zester_modules.tables.crontab import Job

IDENTIFIERS = st.sampled_from(["one", "two words", "/bin/true -x"])
COMMANDS = st.sampled_from(["/bin/true", "/bin/true  -x", "echo a=b # c", "date +\\%s"])
LINES = st.sampled_from([
    b"# m h dom mon dow command", b"", b"MAILTO=root", b'PATH = "/bin"', b"@reboot /bin/true",
    b"*/5 0 1 1 1 /bin/true -x", b"#DISABLED#1 2 3 4 5 /bin/false", b"# said ZESTER_CRON_ID:one",
    b"# SALT_CRON_IDENTIFIER:two words", b"# Lines below here are managed by Salt, do not edit",
    b"# old SALT_CRON_IDENTIFIER:NO ID SET", b"1 2 3 4 5 echo a=b # c", b"1 2 3",
])  # fmt: skip


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Make a crontab, strange lines in it."""
    lines = draw(st.lists(st.one_of(LINES, LINES, st.binary(max_size=12)), max_size=8))
    return b"\n".join(lines) + draw(st.sampled_from([b"", b"\n"]))


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    """Make a job."""
    return Job(
        identifier=draw(IDENTIFIERS), command=draw(COMMANDS),
        schedule=draw(st.sampled_from(["@daily", "* * * * *", "1 2 3 4 5"])),
        disabled=draw(st.booleans()),
        comment=draw(st.sampled_from([None, "", "said", "two\nlines"])),
    )  # fmt: skip


@given(files())
def test_a_crontab_that_is_read_and_written_is_the_same(data: bytes) -> None:
    assert crontab.dump(crontab.parse(data)) == data


@given(files(), jobs())
def test_a_job_is_there_once_it_is_put_and_other_lines_stay(data: bytes, job: Job) -> None:
    before = crontab.parse(data)
    after = crontab.with_job(before, job)
    place = crontab.find(after, job.identifier, job.command)
    assert place is not None
    assert after[place].identifier == job.identifier
    assert after[place].schedule == job.schedule
    assert after[place].command.split() == job.command.split()
    assert crontab.with_job(after, job) == after
    assert crontab.parse(crontab.dump(after)) == after
    old = crontab.find(before, job.identifier, job.command)
    if old is None:
        assert texts(after[:-2]) == texts(crontab.ended(before))
        return
    start = old - 1 if before[old].marked else old
    behind = before[old + 1 :]
    assert texts(after[:start]) == texts(before[:start])
    assert texts(after[len(after) - len(behind) :]) == texts(behind)


def texts(lines: list[crontab.Line]) -> list[str]:
    """Give the lines as they stand there."""
    return [one.text for one in lines]


@given(files(), IDENTIFIERS, COMMANDS)
def test_a_job_that_was_taken_is_gone(data: bytes, identifier: str, command: str) -> None:
    after = crontab.without_job(crontab.parse(data), identifier, command)
    assert crontab.find(after, identifier, command) is None


@given(files(), st.sampled_from(["MAILTO", "PATH", "X"]), st.sampled_from(["", "a b", " c", "d"]))
def test_a_variable_has_its_value_and_other_lines_stay(data: bytes, name: str, value: str) -> None:
    before = crontab.parse(data)
    after = crontab.with_variable(before, name, value)
    assert crontab.value_of(after, name) == value
    assert crontab.with_variable(after, name, value) == after
    gone = crontab.without_variable(after, name)
    assert crontab.value_of(gone, name) is None
    assert texts(gone) in (
        texts(crontab.without_variable(before, name)),
        texts(crontab.without_variable(crontab.ended(before), name)),
    )
