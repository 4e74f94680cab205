"""Where the configuration comes from, and what is wrong with one."""

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_cli import site
from zester_cli.errors import UsageError
from zester_cli.site import find_config, load_site
from zester_cli.site_file import read_site_file

FIELDS = {
    "name": "alice",
    "nats_url": "tls://nats:4222",
    "creds": "alice.creds",
    "ca": "ca.crt",
    "trust_dir": "trust",
}


def write(path: Path, **changes: str) -> Path:
    fields = {**FIELDS, **changes}
    lines = [f"{key}: {json.dumps(value)}" for key, value in fields.items() if value]
    path.write_text("# a comment\n" + "\n".join(lines) + "\n")
    return path


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    config = load_site(str(write(tmp_path / "operator.yaml", ca="/etc/ca.crt")))
    assert config.name == "alice"
    assert config.nats_url == ("tls://nats:4222",)
    assert config.creds == tmp_path / "alice.creds"
    assert config.ca == Path("/etc/ca.crt")
    assert config.trust_dir == tmp_path / "trust"


def test_several_servers_are_parted_by_commas(tmp_path: Path) -> None:
    path = write(tmp_path / "operator.yaml", nats_url="tls://a:1, tls://b:2")
    assert load_site(str(path)).nats_url == ("tls://a:1", "tls://b:2")


def test_a_file_that_a_person_wrote_is_read_as_yaml(tmp_path: Path) -> None:
    path = tmp_path / "operator.yaml"
    path.write_text(
        "name: alice\nnats_url: [tls://a:1, tls://b:2]\ncreds: 'a b.creds'  # mine\n"
        "ca: ca.crt\ntrust_dir: trust\n"
    )
    config = load_site(str(path))
    assert config.nats_url == ("tls://a:1", "tls://b:2")
    assert config.creds == tmp_path / "a b.creds"


def test_what_our_own_tools_write_needs_no_yaml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "zester_cli.site_file", None)
    assert load_site(str(write(tmp_path / "operator.yaml"))).name == "alice"


@given(st.text(min_size=1, max_size=20), st.booleans())
def test_the_short_way_reads_what_the_long_way_reads(
    tmp_path_factory: pytest.TempPathFactory, text: str, quoted: bool
) -> None:
    path = tmp_path_factory.mktemp("site") / "operator.yaml"
    write(path, creds=text)
    if not quoted:
        path.write_text(path.read_text().replace(json.dumps(text), text), encoding="utf-8")
    short = site.read_plain(path.read_text(encoding="utf-8"))
    if short is not None:
        assert read_site_file(path) == {**short, "creds": str(Path(short["creds"]))}


def test_the_option_goes_before_the_environment_and_that_before_the_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".zester").mkdir(parents=True)
    own = write(home / ".zester" / "operator.yaml")
    named = write(tmp_path / "named.yaml")
    known = {"HOME": str(home), "ZESTER_CONFIG": str(named)}
    assert find_config("x.yaml", known) == Path("x.yaml")
    assert find_config("", known) == named
    assert find_config("", {"HOME": str(home)}) == own
    assert find_config(str(tmp_path), known) == tmp_path / "operator.yaml"


def test_no_configuration_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither") as caught:
        find_config("", {"HOME": str(tmp_path)})
    assert "ZESTER_CONFIG" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("name: alice\nnats_ulr: x\n", ":2:", "nats_ulr"),
        ("name: alice\nname: bob\n", ":2:", "name"),
        ("name: [\n", ":", ""),
        ("- a\n", "", ""),
        ("", "", "name"),
        ("name: alice\n", "", "nats_url is not set"),
    ],
)
def test_a_wrong_file_is_a_usage_error_that_names_the_line(
    tmp_path: Path, text: str, line: str, message: str
) -> None:
    path = tmp_path / "operator.yaml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_site(str(path))
    assert f"{path}{line}" in caught.value.message + caught.value.hint
    assert message in caught.value.message


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.yaml"):
        load_site(str(tmp_path / "none.yaml"))
