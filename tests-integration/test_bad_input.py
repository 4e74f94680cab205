"""What functions and files may do wrong, as an operator sees it: issue 3, Bad input."""

import hashlib
import os
import socket
import subprocess
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from zester_proto.codec import digest
from zester_testing.field import Field
from zester_testing.fleet import SCRIPTS, Done, eventually, run
from zester_testing.peels import Peel
from zester_testing.site import Site
from zester_testing.tricks import install_tricks

BOTH = ["peel-1", "peel-2"]
LARGE = 200_000_000
EDGE = 64 * 1024
NOT_IN_ORDER = 3
"""What the daemons exit with when this host is not in order."""


@pytest.fixture(scope="module")
def field(site_template: Site, tmp_path_factory: pytest.TempPathFactory) -> Generator[Field]:
    """A master and two peels, which have functions that misbehave."""
    folder = tmp_path_factory.mktemp("bad")
    tricks = install_tricks(tmp_path_factory.mktemp("tricks"))
    site = site_template.copy_to(folder / "site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.fspath(tricks))
        with Field.up(site, folder / "field", peels=2) as up:
            yield up


@pytest.fixture
def alive(field: Field) -> Generator[None]:
    """Hold that the daemons of before are those of after, and do their work."""
    before = {name: peel.pid for name, peel in field.peels.items()}
    yield
    assert all(peel.alive for peel in field.peels.values())
    assert {name: peel.pid for name, peel in field.peels.items()} == before
    assert all(master.alive for master in field.masters.values())
    assert field.zester("*", "test.ping").json["counts"] == {"ok": 2}


@pytest.mark.usefixtures("alive")
def test_200_megabytes_of_output_come_as_head_and_tail_with_length_and_digest(field: Field):
    done = field.zester("peel-1", "cmd.run", f"yes 0123456 | head -c {LARGE}")

    assert done.code == 0, done.err
    one = done.json["peels"]["peel-1"]
    whole = b"0123456\n" * (LARGE // 8)
    assert one["outcome"] == "changed"
    assert one["return"]["truncated"] is True
    assert one["return"]["length"]["stdout"] == LARGE
    assert one["return"]["digest"]["stdout"] == hashlib.blake2b(whole, digest_size=32).hexdigest()
    text = one["return"]["stdout"].encode()
    assert text.startswith(whole[:EDGE])
    assert text.endswith(whole[-EDGE:])
    assert len(text) < 3 * EDGE


@pytest.mark.usefixtures("alive")
def test_a_value_of_200_megabytes_comes_as_head_and_tail_with_length_and_digest(field: Field):
    done = field.zester("peel-1", "tricks.returns", str(LARGE))

    assert done.code == 0, done.err
    returned = done.json["peels"]["peel-1"]["return"]
    whole = "0123456789" * (LARGE // 10)
    assert returned["truncated"] is True
    assert returned["length"] == LARGE
    assert returned["digest"] == digest(whole.encode()).hex()
    assert (returned["head"], returned["tail"]) == (whole[:EDGE], whole[-EDGE:])


@pytest.mark.usefixtures("alive")
@pytest.mark.parametrize(
    ("words", "outcome", "error"),
    [
        (["tricks.raises"], "failed", "that went wrong"),
        (["tricks.hangs", "--timeout", "2"], "timed-out", "time was up"),
        (["tricks.spins"], "timed-out", "time was up"),
        (["tricks.kills_itself"], "failed", "SIGKILL"),
        (["tricks.kills_itself", "11"], "failed", "SIGSEGV"),
        (["tricks.exits"], "failed", "7"),
        (["tricks.says_goodbye"], "failed", "3"),
        (["tricks.returns_odd"], "failed", "deep"),
        (["tricks.eats"], "failed", "MemoryError"),
        (["test.nothing"], "refused", "test.nothing"),
    ],
)
def test_a_function_that_goes_wrong_is_one_error_on_each_peel(
    field: Field, words: list[str], outcome: str, error: str
):
    done = field.zester("*", *words)

    assert done.code == 1, done.err
    assert sorted(done.json["peels"]) == BOTH
    for one in done.json["peels"].values():
        assert one["outcome"] == outcome
        assert error in one["error"]
        assert "\n" not in one["error"]
    assert "Traceback" not in done.err


@pytest.mark.usefixtures("alive")
def test_50_megabytes_on_stdout_are_cut_in_the_log_and_the_answer_comes(field: Field):
    done = field.zester("*", "tricks.prints", "50000000")

    assert done.code == 0, done.err
    assert {one["return"] for one in done.json["peels"].values()} == {"printed"}
    for peel in field.peels.values():
        [line] = peel.lines("a function printed")
        assert line["bytes_left_out"] == 50_000_000 - 4096


# -- daemons that cannot begin ---------------------------------------------------------------------


def daemon(name: str, *words: str) -> Done:
    """Run a daemon that is to end by itself, with one clear error."""
    return run([SCRIPTS / name, "run", f"--config={os.devnull}", "--health-addr=", *words])


def peel_words(site: Site, folder: Path, url: str = "nats://127.0.0.1:1") -> list[str]:
    site.peel("words-1")
    return [
        f"--auth-dir={site.peel_folder('words-1')}", f"--nats-url={url}",
        f"--state-dir={folder / 'state'}", f"--facts-dir={folder / 'facts'}",
    ]  # fmt: skip


@pytest.mark.parametrize("secret", ["job.key", "return.key", "master.creds", "signing/peel.seed"])
def test_a_master_whose_secret_others_can_read_does_not_begin(site: Site, secret: str):
    path = site.paths.master / secret
    path.chmod(0o640)

    done = daemon("zester-master", f"--auth-dir={site.paths.master}")

    assert done.code == NOT_IN_ORDER
    assert str(path) in done.err
    assert f"chmod 600 {path}" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("name", ["zester-master", "zester-peel"])
def test_a_malformed_configuration_is_told_with_file_and_line(tmp_path: Path, name: str):
    path = tmp_path / "config.yaml"
    path.write_text("log_level: info\nlog_levle: debug\n")

    done = run([SCRIPTS / name, "run", f"--config={path}"])

    assert done.code == NOT_IN_ORDER
    assert f"{path}:2" in done.err
    assert "log_level" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "odd", ["a*", "a>", "a b", "a\n", "../etc", "a..b", "", "all", "Web-1", "x" * 300, "ü"]
)
def test_an_odd_id_gets_no_keys_and_no_way_in(site: Site, tmp_path: Path, odd: str):
    keys = run([SCRIPTS / "zester-peel", "keys", f"--id={odd}", f"--auth-dir={tmp_path / 'a'}"])
    words = ["peel", "add", odd, "--with-key", f"--dir={site.paths.root}", f"--out={tmp_path}/b"]
    added = run([SCRIPTS / "zester-master", *words])

    # an empty id is none given: the host's own name is taken
    for done in [added] if odd == "" else [keys, added]:
        assert done.code == NOT_IN_ORDER, done
        assert done.err.strip()
        assert "Traceback" not in done.err
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("name", ["peel", "master"])
def test_a_daemon_says_not_one_byte_of_connect_to_a_server_without_tls(
    site: Site, tmp_path: Path, name: str
):
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=plain_server, args=(server, heard))
        thread.start()
        url = f"nats://127.0.0.1:{server.getsockname()[1]}"
        words = [f"--auth-dir={site.paths.master}", f"--nats-url={url}"]
        if name == "peel":
            words = peel_words(site, tmp_path, url)
        command = [
            SCRIPTS / f"zester-{name}", "run", f"--config={os.devnull}", "--health-addr=", *words
        ]  # fmt: skip
        log = tmp_path / "log"
        with log.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file) as process:
            try:
                eventually(lambda: "TLS" in log.read_text(), "it says why it does not connect")
                assert process.poll() is None
            finally:
                process.terminate()
                process.wait(30)
        thread.join(30)
    assert heard
    assert all(b"CONNECT" not in one for one in heard)


def plain_server(server: socket.socket, heard: list[bytes]) -> None:
    """Greet as a nats-server without TLS, and keep what the first two that come say."""
    server.settimeout(30)
    connection, _ = server.accept()
    with connection:
        connection.settimeout(10)
        connection.sendall(b'INFO {"server_id":"X","version":"2.10.0","max_payload":1048576}\r\n')
        data = b""
        while part := connection.recv(65536):
            data += part
    heard.append(data)


def test_a_peel_of_another_ca_and_one_whose_credentials_are_over_say_so(
    field: Field, tmp_path: Path
):
    over = field.site.peel("over-1", now=1_000_000_000)
    assert over.credentials.claims.exp < 1_100_000_000
    other = Site.make(tmp_path / "other")
    for peel_id, flags, text in (
        ("over-1", {}, "expired"),
        ("strange-1", {"nats_ca": other.ca}, "certificate"),
    ):
        with Peel.up(field, peel_id, tmp_path, **flags) as peel:
            eventually(
                lambda peel=peel, text=text: text in peel.conditions().get("bus", ""),
                f"{peel_id} says {text}",
            )
            assert peel.alive
    assert field.zester("*", "test.ping").json["counts"] == {"ok": 2}
