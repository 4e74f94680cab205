import argparse
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest

from zester_proto.config import BadValue, ConfigError, Loaded, add_flags, load, load_in_child
from zester_proto.config_files import read_yaml_in_child, tree_here, tree_in_child
from zester_proto.units import Duration, Size


class Enroll(msgspec.Struct, kw_only=True, frozen=True):
    addr: str = ":8443"
    tls_cert: Path | None = None


class Config(msgspec.Struct, kw_only=True, frozen=True):
    id: str
    nats_url: tuple[str, ...] = ("nats://localhost:4222",)
    replicas: Annotated[int, msgspec.Meta(ge=1, le=5, description="copies, 100% safe")] = 1
    timeout: Duration = 60.0
    grace: Duration | None = None
    max_return: Size = 1024
    level: Literal["debug", "info"] = "info"
    name: Annotated[str, msgspec.Meta(pattern="^[a-z]*$", min_length=2, max_length=4)] = "ab"
    ratio: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.5
    watch: bool = False
    states_dir: Path = Path("/srv")
    enroll: Enroll = Enroll()
    labels: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    codes: list[int] = msgspec.field(default_factory=list[int])

    def __post_init__(self) -> None:
        if self.grace is not None and self.grace > self.timeout:
            raise BadValue("is longer than timeout", key="grace", hint="shorten it")


def write(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "peel.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def loaded(tmp_path: Path, text: str | bytes, flags: list[str] | None = None) -> Loaded[Config]:
    parser = argparse.ArgumentParser()
    add_flags(parser, Config)
    return load(Config, write(tmp_path, text), Path("/none"), parser.parse_args(flags or []))


def refused(tmp_path: Path, text: str | bytes, flags: list[str] | None = None) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text, flags)
    return caught.value


def test_a_flag_beats_the_file_which_beats_the_default(tmp_path: Path):
    text = "id: web-1\ntimeout: 5m\nenroll:\n  addr: ':1'\n"
    got = loaded(tmp_path, text, ["--timeout", "10s", "--enroll-tls-cert", "/c", "--watch"])

    assert got.value == Config(
        id="web-1", timeout=10.0, enroll=Enroll(addr=":1", tls_cert=Path("/c")), watch=True
    )
    assert got.path == tmp_path / "peel.yaml"
    assert got.origin["id"] == f"{got.path}:1"
    assert got.origin["timeout"] == "--timeout"
    assert got.origin["enroll.addr"] == f"{got.path}:4"
    assert got.origin["enroll.tls_cert"] == "--enroll-tls-cert"
    assert got.origin["states_dir"] == "default"


def test_every_key_that_is_no_map_is_a_flag():
    parser = argparse.ArgumentParser()
    add_flags(parser, Config)
    text = parser.format_help()

    for flag in ("--id", "--nats-url", "--no-watch", "--enroll-addr", "--max-return SIZE",
                 "--timeout DURATION", "--level debug|info", "--codes A,B", "--states-dir PATH",
                 "--replicas N", "--ratio NUMBER"):  # fmt: skip
        assert flag in text
    assert "--labels" not in text
    assert "copies, 100% safe" in text


def test_lists_are_written_as_lists_or_with_commas_or_given_several_times(tmp_path: Path):
    assert loaded(tmp_path, "id: a\nnats_url: [a, b]").value.nats_url == ("a", "b")
    assert loaded(tmp_path, "id: a\nnats_url: 'a, b'").value.nats_url == ("a", "b")
    assert loaded(tmp_path, "id: a\nnats_url:\n- a\n- b").value.nats_url == ("a", "b")
    flags = ["--nats-url", "c", "--nats-url", "d,e", "--codes", "1,2", "--id", "x", "--id", "y"]
    got = loaded(tmp_path, "", flags).value
    assert got.nats_url == ("c", "d", "e")
    assert got.codes == [1, 2]
    assert got.id == "y"


@pytest.mark.parametrize("text", ["no", "yes", "on", "off", "017", "12:30:45", "1.10", "0x1f", "5",
                                  "2026-01-01", "true", "1e3", "1_000"])  # fmt: skip
def test_a_text_is_what_is_written_whatever_yaml_1_1_thinks(tmp_path: Path, text: str):
    assert loaded(tmp_path, f"id: {text}").value.id == text


def test_free_form_maps_follow_yaml_1_2(tmp_path: Path):
    text = """
id: a
labels:
  a: no
  b: 12:30:45
  c: 017
  d: 0o17
  e: true
  f: ~
  g: 1.5
  h: [1, "1", {x: .5}]
  i: 2026-01-01
  j: 0x1f
"""
    assert loaded(tmp_path, text).value.labels == {
        "a": "no", "b": "12:30:45", "c": "017", "d": 15, "e": True, "f": None, "g": 1.5,
        "h": [1, "1", {"x": 0.5}], "i": "2026-01-01", "j": 31,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "says", "hint"),
    [
        ("nats_ulr: x", "there is no key 'nats_ulr'", "did you mean nats_url?"),
        ("enroll:\n  adr: x", "there is no key 'enroll.adr'", "did you mean addr?"),
        ("enroll: x", "enroll is a group of keys", "addr, tls_cert"),
        ("watch: yes", "watch: 'yes' is not true or false", "write true or false"),
        ("replicas: three", "replicas: 'three' is not a whole number", ""),
        ("replicas: 03", "replicas: '03' is not a whole number", "write 3, or 0o3 if it is octal"),
        ("replicas: 9", "replicas: 9 is not allowed: it has to be at most 5", ""),
        ("replicas: 0", "replicas: 0 is not allowed: it has to be at least 1", ""),
        ("ratio: 0", "it has to be more than 0", ""),
        ("ratio: 1.0", "it has to be less than 1", ""),
        ("ratio: 08.5", "'08.5' is not a number", ""),
        ("timeout: soon", "timeout: 'soon' is not a duration", "write 30, 30s, 5m, 1h or 1h30m"),
        ("max_return: big", "max_return: 'big' is not a size", "64K"),
        ("level: inf", "level: 'inf' is none of debug, info", "did you mean info?"),
        ("name: AB", "does not match", ""),
        ("name: a", "too short", ""),
        ("name: abcde", "too long", ""),
        ("states_dir: ''", "a path is empty", ""),
        ("states_dir:", "states_dir: it has no value", "leave the key out"),
        ("states_dir: [a]", "a word belongs here, not a list or map", ""),
        ("labels: 3", "labels: a map belongs here", "KEY: VALUE"),
        ("codes: {a: 1}", "codes: a list belongs here", "[A, B]"),
        ("codes: [1, x]", "codes: 'x' is not a whole number", ""),
        ("grace: 2h", "grace: is longer than timeout", "shorten it"),
        ("timeout: 1\ntimeout: 2", "the key 'timeout' is there twice, first in line 2", "keep one"),
        ("labels:\n  a: 1\n  a: 2", "the key 'a' is there twice, first in line 3", "keep one"),
        ("\ttimeout: 1", "not YAML", "indent with spaces"),
        ("timeout: a: b", "not YAML", "quotes"),
        ("labels: [", "not YAML", ""),
        ("labels: &x {a: 1}\ncodes: *x", "an alias (*) has no place here", "write the value out"),
        ("labels:\n  <<: {a: 1}", "a merge key (<<) has no place here", "write the values out"),
        ("labels: !!python/object:os.system x", "the tag ", "without it"),
        ("timeout: !!int 5", "the tag ", "without it"),
        ("? [a, b]\n: c", "a key that is a list or mapping", "keys are words"),
        ("--- \na: 1", "a second document has no place here", "one file holds one"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_file_line_and_hint(tmp_path: Path, line: str, says: str, hint: str):
    error = refused(tmp_path, f"id: web-1\n{line}\n")
    where, _, rest = error.message.partition(": ")

    assert where.rpartition(":")[0] == str(tmp_path / "peel.yaml")
    last = line.count("\n") + 2
    assert 2 <= int(where.rpartition(":")[2]) <= last + 1
    assert says in rest
    assert hint in error.hint


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path):
    error = refused(tmp_path, "replicas: x\nwach: true\n", ["--level", "loud"])

    lines = error.message.splitlines()
    assert len(lines) == 4
    assert ":1: replicas" in lines[0]
    assert ":2: there is no key 'wach' (did you mean watch?)" in lines[1]
    assert lines[2].startswith("--level: 'loud' is none of")
    assert lines[3].startswith("id is not set (write it into")


def test_a_missing_key_names_the_file_and_the_flag(tmp_path: Path):
    error = refused(tmp_path, "watch: true\n")

    assert error.message == "id is not set"
    assert "--id" in error.hint
    assert "peel.yaml" in error.hint


def test_a_file_that_is_not_utf_8_is_told_with_its_line(tmp_path: Path):
    error = refused(tmp_path, b"id: web-1\nlevel: \xff\n")

    assert f"{tmp_path}/peel.yaml:2: not UTF-8: the byte 0xff" in error.message


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path):
    assert loaded(tmp_path, "\ufeffid: web-1\n").value.id == "web-1"


@pytest.mark.parametrize("text", ["- a\n", "just text\n", "'quoted'\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str):
    error = refused(tmp_path, text)

    assert ":1: not a mapping" in error.message
    assert "KEY: VALUE" in error.hint


def test_an_empty_file_is_like_none(tmp_path: Path):
    assert loaded(tmp_path, "# nothing\n", ["--id", "a"]).value == Config(id="a")


def test_a_deep_or_huge_file_is_refused_and_ends_nothing(tmp_path: Path):
    deep = refused(tmp_path, "labels: " + "[" * 50_000 + "]" * 50_000)
    assert "more than 32 levels" in deep.message
    wide = refused(tmp_path, "labels: [" + "1," * 200_000 + "]")
    assert "more than 100000 values" in wide.message
    huge = refused(tmp_path, "#" * 2_000_000)
    assert "larger than" in huge.message


def test_control_characters_are_told_without_a_traceback(tmp_path: Path):
    assert "not YAML" in refused(tmp_path, b"id: a\x01b\n").message


def test_the_default_file_may_be_missing_and_one_that_was_asked_for_may_not(tmp_path: Path):
    missing = tmp_path / "none.yaml"

    got = load(Config, None, missing, {"id": "a"})
    assert got.value.id == "a"
    assert got.path is None
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read: No such file"):
        load(Config, missing, missing, {"id": "a"})
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read: No such file"):
        load(Config, None, missing, {"id": "a"}, required=True)


def test_a_child_reads_the_same_and_this_process_does_not_load_yaml(tmp_path: Path):
    path = write(tmp_path, "id: web-1\nlabels: {a: [1, no]}\nenroll: {addr: x}\n")
    script = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from test_config import Config; from zester_proto.config import load_in_child\n"
        "got = load_in_child(Config, Path(sys.argv[2]), Path('/none'))\n"
        "assert got.value.labels == {'a': [1, 'no']}, got\n"
        "assert 'yaml' not in sys.modules\n"
    )
    import subprocess

    subprocess.run(
        [sys.executable, "-c", script, str(Path(__file__).parent), str(path)], check=True
    )
    assert tree_in_child(path) == tree_here(path)
    assert load_in_child(Config, path, path) == load(Config, path, path)


def test_a_childs_error_arrives_with_line_and_hint(tmp_path: Path):
    path = write(tmp_path, "id: a\nid: b\n")

    with pytest.raises(ConfigError) as caught:
        load_in_child(Config, path, path)
    assert caught.value.message == f"{path}:2: the key 'id' is there twice, first in line 1"
    assert caught.value.hint == "keep one of them"


def test_plain_yaml_is_read_by_a_child_too(tmp_path: Path):
    assert read_yaml_in_child(write(tmp_path, "roles: [web, no]\n")) == {"roles": ["web", "no"]}
    assert read_yaml_in_child(write(tmp_path, "")) == {}
