"""Which words are arguments by place and which by name."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_cli.arguments import LARGEST, Arguments, Signature, Source, read_values, split
from zester_cli.errors import UsageError

CMD = Signature(frozenset({"command", "cwd", "timeout"}))
ANY = Signature(frozenset({"name"}), any_name=True)

CASES: list[tuple[str, int, Signature | None, str, dict[str, str]]] = [
    ("", 0, None, "", {}),
    ("ls -l /", 0, None, "ls -l /", {}),
    ("ls cwd=/tmp", 0, None, "ls", {"cwd": "/tmp"}),
    ("cwd=/tmp ls", 0, None, "ls", {"cwd": "/tmp"}),
    ("prefix=/usr", 0, None, "", {"prefix": "/usr"}),
    ("PREFIX=/usr", 0, None, "PREFIX=/usr", {}),
    ("a-b=c", 0, None, "a-b=c", {}),
    ("1a=c", 0, None, "1a=c", {}),
    ("=c", 0, None, "=c", {}),
    ("a=", 0, None, "", {"a": ""}),
    ("a=b=c", 0, None, "", {"a": "b=c"}),
    ("_a1=b", 0, None, "", {"_a1": "b"}),
    ("make prefix=/usr cwd=/src", 0, CMD, "make prefix=/usr", {"cwd": "/src"}),
    ("cwd=/src -- env cwd=/x", 2, CMD, "-- env cwd=/x", {"cwd": "/src"}),
    ("env cwd=/x", 2, CMD, "env cwd=/x", {}),
    ("env cwd=/x", 1, CMD, "env cwd=/x", {}),
    ("name=x other=y Other=z", 0, ANY, "Other=z", {"name": "x", "other": "y"}),
    ("a=@@b", 0, None, "", {"a": "@b"}),
    ("a=@", 0, None, "", {"a": "@"}),
    ("@file", 0, None, "@file", {}),
    ("-", 0, None, "-", {}),
]


@pytest.mark.parametrize(("words", "literal", "signature", "args", "kwargs"), CASES)
def test_words_are_told_apart(
    words: str, literal: int, signature: Signature | None, args: str, kwargs: dict[str, str]
) -> None:
    assert split(tuple(words.split()), literal, signature) == Arguments(
        tuple(args.split()), dict(kwargs)
    )


def test_files_and_standard_input_are_named_and_not_read() -> None:
    assert split(("a=@x.txt", "b=-"), 0).kwargs == {"a": Source("x.txt"), "b": Source("")}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("a=1 a=2", "given twice"),
        ("a=- b=-", "one argument only"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        split(tuple(words.split()), 0)


@pytest.mark.parametrize(("word", "dry"), [("test=True", True), ("test=false", False)])
def test_salts_dry_run_is_one_for_a_function_that_is_not_known_here(word: str, dry: bool) -> None:
    assert split(("pkg", word), 0) == Arguments(("pkg",), {}, dry)


def test_salts_dry_run_is_refused_also_where_the_catalogue_knows_no_such_argument() -> None:
    with pytest.raises(UsageError) as caught:
        split(("ls", "test=True"), 0, CMD)
    assert "--test" in caught.value.hint
    assert split(("test=True",), 0, Signature(frozenset({"test"}))).kwargs == {"test": "True"}
    assert split(("test=True",), 1).args == ("test=True",)


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("s3cret\n")
    (tmp_path / "bytes").write_bytes(b"\xff\x00")
    read = read_values(
        {"a": Source(str(tmp_path / "text")), "b": Source(str(tmp_path / "bytes")), "c": "d"}
    )
    assert read == {"a": "s3cret\n", "b": b"\xff\x00", "c": "d"}


def test_standard_input_is_read_whole() -> None:
    assert read_values({"a": Source("")}, lambda: b"in\n") == {"a": "in\n"}


def test_a_file_that_cannot_be_read_or_sent_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a=@.*cannot be read"):
        read_values({"a": Source(str(tmp_path / "none"))})
    with pytest.raises(UsageError, match="cannot be read"):
        read_values({"a": Source("nul\0byte")})
    (tmp_path / "big").write_bytes(b"x" * (LARGEST + 1))
    with pytest.raises(UsageError, match="more than 384 KiB"):
        read_values({"a": Source(str(tmp_path / "big"))})


@given(st.lists(st.text(max_size=8), max_size=6))
def test_words_after_two_dashes_stay_as_they_are(words: list[str]) -> None:
    assert split(tuple(words), len(words)) == Arguments(tuple(words), {})
