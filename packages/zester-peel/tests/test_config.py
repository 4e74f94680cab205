"""Under which id a peel runs, and what its configuration may say."""

import socket
from pathlib import Path

import pytest

from zester_peel import config
from zester_peel.config import PeelConfig, WrongId, default_id, running_id
from zester_proto.config import ConfigError, load
from zester_proto.errors import BadId

BAD_IDS = [
    "", "*", ">", "a b", "a\nb", "web..1", "Web-1", "x" * 300, "-web", "web-", ".web", "all",
    "localhost", "localhost.localdomain", "wéb", "web/1", "web=2E1", "web;1", "$web", "web\0",
]  # fmt: skip


@pytest.mark.parametrize("bad", [one for one in BAD_IDS if one])
def test_a_bad_id_is_refused_with_its_reason(bad: str) -> None:
    with pytest.raises((BadId, WrongId)) as caught:
        running_id(bad, "web-1")

    assert caught.value.message
    assert caught.value.hint


def test_without_an_id_a_peel_runs_as_it_joined() -> None:
    assert running_id("", "web-1.example.com") == ("web-1.example.com", "")


def test_another_id_than_the_joined_one_is_an_error() -> None:
    with pytest.raises(WrongId, match="joined as 'web-1', and cannot run as 'web-2'"):
        running_id("web-2", "web-1")


def test_the_hosts_name_in_upper_case_is_taken_in_lower_case_with_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "WEB-1")
    monkeypatch.setattr(config, "host_name", lambda: "Web-1.Example.com")

    assert running_id("WEB-1", "web-1")[0] == "web-1"
    assert running_id("Web-1.Example.com", "web-1.example.com")[0] == "web-1.example.com"
    assert "lower" not in running_id("web-1", "web-1")[1]
    assert "'web-1'" in running_id("WEB-1", "web-1")[1]
    with pytest.raises(BadId, match="upper-case"):
        running_id("WEB-2", "web-2")


def test_a_host_called_localhost_has_no_id_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "localhost")
    monkeypatch.setattr(config, "host_name", lambda: "localhost.localdomain")

    with pytest.raises(WrongId, match="reserved") as caught:
        default_id()
    assert "--id" in caught.value.hint


def test_a_hosts_own_name_is_its_id_in_lower_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "host_name", lambda: "Web-1.Example.com")

    assert default_id() == "web-1.example.com"


def test_the_runbooks_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "peel.yaml"
    file.write_text(
        "id: web-01\n"
        "nats_url: nats://nats.example.com:4222\n"
        "master_url: https://master:8443\n"
        "enroll_ca: /data/auth/enroll-ca.crt\n"
        "states_cache: /data/states-cache\n"
    )

    read = load(PeelConfig, file, file).value

    assert read.id == "web-01"
    assert read.nats_url == ("nats://nats.example.com:4222",)
    assert read.enroll_ca == Path("/data/auth/enroll-ca.crt")
    assert read.states_cache == Path("/data/states-cache")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("max_jobs: 0", "peel.yaml:1: max_jobs: 0 is not allowed"),
        ("max_jobs: many", "peel.yaml:1: max_jobs: 'many'"),
        ("max_job: 3", "peel.yaml:1: there is no key 'max_job'"),
        ("max_return: 64Q", "peel.yaml:1: max_return: '64Q' is not a size"),
        ("facts_interval: soon", "peel.yaml:1: facts_interval: 'soon' is not a duration"),
        ("log_level: loud", "peel.yaml:1: log_level: 'loud' is none of"),
        ("id: [a", "peel.yaml:"),
        ("- a list", "peel.yaml:"),
    ],
)
def test_a_mistake_names_file_and_line(tmp_path: Path, line: str, text: str) -> None:
    file = tmp_path / "peel.yaml"
    file.write_text(line + "\n")

    with pytest.raises(ConfigError) as caught:
        load(PeelConfig, file, file)
    assert text in caught.value.message


def test_the_auth_folder_has_a_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(config, "CONTAINER_AUTH", tmp_path / "data")
    assert PeelConfig().auth == Path("/var/lib/zester/auth")

    (tmp_path / "data").mkdir()
    assert PeelConfig().auth == tmp_path / "data"
    assert PeelConfig(auth_dir=Path("/elsewhere")).auth == Path("/elsewhere")
