import json
import os
import select
import socket
from pathlib import Path

import pytest

from zester_modules.facts.custom import TOTAL_LIMIT, read_custom
from zester_modules.facts.script import Scripts


def write(folder: Path, name: str, content: str | bytes, mode: int = 0o644) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(mode)
    return path


def script(folder: Path, name: str, body: str, mode: int = 0o755) -> Path:
    return write(folder, name, f"#!/bin/sh\n{body}\n", mode)


def read(folder: Path, seconds: float = 15):
    return read_custom(folder, Scripts(), seconds=seconds)


def test_a_missing_folder_is_no_fact_and_no_warning(tmp_path: Path):
    found = read(tmp_path / "missing")
    assert (found.facts, found.warnings) == ({}, [])


def test_a_file_in_the_folders_place_is_a_warning(tmp_path: Path):
    path = write(tmp_path, "facts", "a: 1")
    assert read(path).warnings == [f"cannot read {path}: Not a directory"]


def test_yaml_and_json_and_programs_are_merged_at_the_root(tmp_path: Path):
    write(tmp_path, "a.yaml", "roles: [web]\nsite: {rack: 7}\n")
    write(tmp_path, "b.json", json.dumps({"tier": 1}))
    script(tmp_path, "c", "echo 'owner: ann'")
    script(tmp_path, "d.sh", """echo '{"jobs": [1, 2]}'""")
    found = read(tmp_path)
    assert found.warnings == []
    assert found.facts == {
        "roles": ["web"], "site": {"rack": 7}, "tier": 1, "owner": "ann", "jobs": [1, 2],
    }  # fmt: skip
    assert found.origins["tier"] == str(tmp_path / "b.json")


def test_later_names_win_and_what_was_set_wins_over_all(tmp_path: Path):
    write(tmp_path, "10-a.yaml", "x: 10\ny: 10\nz: 10")
    write(tmp_path, "zz.yaml", "x: 20\ny: 20")
    write(tmp_path, "set.yaml", "x: 30")
    assert read(tmp_path).facts == {"x": 30, "y": 20, "z": 10}


def test_backups_and_hidden_files_are_passed_over(tmp_path: Path):
    for name in (".set.lock", "a.yaml~", "a.yaml.dpkg-old", "README.md", ".x.yaml", "b.yaml.swp"):
        write(tmp_path, name, "a: 1", 0o777)
    assert read(tmp_path).facts == {}
    assert read(tmp_path).warnings == []


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("half.yaml", "roles: [web, ", ":2: not YAML: did not find"),
        ("list.yaml", "- web\n- db", ":1: not a mapping"),
        ("word.yaml", "web", ":1: not a mapping"),
        ("list.json", "[1]", "holds no map of names and values but a list"),
        ("half.json", '{"a": ', "is not JSON"),
        ("yaml.json", "a: 1", "is not JSON"),
        ("deep.json", '{"a": ' + "[" * 50_000, "is not JSON"),
        ("nested.json", '{"a": ' + "[" * 80 + "]" * 80 + "}", "more than 64 levels deep"),
        ("latin1.yaml", b"name: M\xfcller", "is not UTF-8: a bad byte after 7 good ones"),
        ("huge.yaml", "a: " + "x" * 2_000_000, "is larger than 1048576 bytes"),
        ("big.yaml", "a: " + "x" * TOTAL_LIMIT, "more than 65536 bytes of custom facts"),
        ("deep.yaml", "[" * 50_000, ":1: more than 32 levels"),
        ("itself.yaml", "a: &a {b: *a}", ":1: an alias"),
        ("notes.txt", "a: 1", "is neither .yaml, .json nor executable"),
        ("twice.yaml", "a: 1\na: 2", ":2: the key 'a' is there twice"),
    ],
)
def test_a_file_that_holds_no_facts_is_a_warning_that_names_it(
    tmp_path: Path, name: str, content: str | bytes, problem: str
):
    path = write(tmp_path, name, content)
    write(tmp_path, "good.yaml", "good: true")
    found = read(tmp_path)
    assert found.facts == {"good": True}
    (warning,) = found.warnings
    assert warning.startswith(f"{path}:")
    assert problem in warning


def test_empty_files_are_no_facts_and_no_warning(tmp_path: Path):
    for name in ("a.yaml", "b.json", "c.yaml"):
        write(tmp_path, name, "" if name < "c" else "# nothing yet\n")
    script(tmp_path, "d", "true")
    assert read(tmp_path).warnings == []


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path):
    write(tmp_path, "a.yaml", b"\xef\xbb\xbfrole: web")
    assert read(tmp_path).facts == {"role": "web"}


def test_what_is_no_plain_file_is_a_warning(tmp_path: Path):
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "nowhere.yaml").symlink_to(tmp_path / "missing")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "sock.json"))
        warnings = [one.partition(": ")[2] for one in read(tmp_path).warnings]
    assert warnings == [
        "is a folder; facts are not looked for in folders",
        "cannot be read: No such file or directory",
        "is no plain file",
        "is no plain file",
    ]


def test_a_file_that_anybody_may_write_is_refused(tmp_path: Path):
    write(tmp_path, "a.yaml", "a: 1", 0o666)
    found = read(tmp_path)
    assert found.facts == {}
    assert "others may write to it (mode 0666)" in found.warnings[0]


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777])
def test_a_program_that_others_may_write_is_not_run(tmp_path: Path, mode: int):
    script(tmp_path, "bad", f"touch {tmp_path}/ran; echo 'a: 1'", mode)
    found = read(tmp_path)
    assert "others may write to it" in found.warnings[0]
    assert not (tmp_path / "ran").exists()


def test_a_program_in_a_folder_that_anybody_may_write_is_not_run(tmp_path: Path):
    folder = tmp_path / "facts"
    folder.mkdir()
    script(folder, "bad", f"touch {tmp_path}/ran")
    folder.chmod(0o777)
    assert "others may write to its folder" in read(folder).warnings[0]
    assert not (tmp_path / "ran").exists()


@pytest.mark.hosts("root")
def test_a_program_of_another_user_is_not_run(tmp_path: Path):
    os.chown(script(tmp_path, "bad", f"touch {tmp_path}/ran"), 65534, 65534)
    assert "belongs to user 65534" in read(tmp_path).warnings[0]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("echo no luck >&2; exit 3", "it ended with exit code 3: no luck"),
        ("exit 1", "exit code 1: no message"),
        ("kill -9 $$", "exit code -9"),
        ("head -c 3000000 /dev/zero", "printed more than 1048576 bytes"),
        ("echo 'a: ['", ":2: not YAML"),
        ("printf '\\377'", "is not UTF-8"),
    ],
)
def test_a_program_that_gives_no_facts_is_a_warning(tmp_path: Path, body: str, problem: str):
    path = script(tmp_path, "bad", body)
    (warning,) = read(tmp_path).warnings
    assert warning.startswith(f"{path}:")
    assert problem in warning


def test_a_program_that_cannot_be_started_is_a_warning(tmp_path: Path):
    write(tmp_path, "bad", "#!/no/such/shell\n", 0o755)
    write(tmp_path, "worse", b"\x7fELF", 0o755)
    warnings = read(tmp_path).warnings
    assert "it cannot be started: No such file or directory" in warnings[0]
    assert "it cannot be started: Exec format error" in warnings[1]


def has_ended(pid: int) -> bool:
    """Wait for the end of a process that was killed: on a busy machine that takes a moment."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        ready, _, _ = select.select([descriptor], [], [], 20)
    finally:
        os.close(descriptor)
    return bool(ready)


def test_a_program_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path):
    script(tmp_path, "hang", f"sleep 1000 & echo $! > {tmp_path}/.child; echo 'a: 1'; sleep 1000")
    script(tmp_path, "fine", "echo 'b: 2'")
    found = read(tmp_path, seconds=1)
    assert found.facts == {"b": 2}
    assert "took longer than 1 s and was stopped" in found.warnings[0]
    assert has_ended(int((tmp_path / ".child").read_text()))


def test_a_program_that_leaves_a_child_holding_its_output_is_not_waited_for(tmp_path: Path):
    script(tmp_path, "daemon", "sleep 1000 & echo 'a: 1'")
    found = read(tmp_path)
    assert found.facts == {"a": 1}


def test_a_program_that_closes_its_output_and_goes_on_is_ended(tmp_path: Path):
    script(tmp_path, "quiet", "echo 'a: 1'; exec >&- 2>&-; sleep 1000")
    assert "took longer" in read(tmp_path, seconds=0.5).warnings[0]


def test_a_program_sees_no_pythons_and_no_agents_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    monkeypatch.setenv("PYTHONPATH", "/x")
    script(tmp_path, "env", 'echo "seen: \\"$NOTIFY_SOCKET$PYTHONPATH\\""; echo "lang: $LC_ALL"')
    assert read(tmp_path).facts == {"seen": "", "lang": "C.UTF-8"}


def test_many_programs_share_the_time_that_there_is(tmp_path: Path):
    for number in range(8):
        script(tmp_path, f"hang{number}", "sleep 1000")
    found = read(tmp_path, seconds=1)
    assert len(found.warnings) == 8
    assert all("took longer than 0.5 s" in one for one in found.warnings)
