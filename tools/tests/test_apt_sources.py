from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hosts.apt import (
    Source,
    machine_sources,
    mirror_of,
    read_deb822,
    read_list,
    sources_text,
)
from hosts.errors import HostsError

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

STANZAS = f"""\
# the main archive
Types: deb deb-src
URIs: http://one.example/debian http://two.example/debian
# a comment in between
Suites: bookworm
 bookworm-updates
Components: main contrib
Signed-By: {KEYRING}

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main


types: deb
uris: http://key.example/tools
suites: ./
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEY
"""

LINES = """\
# deb http://off.example/debian bookworm main
deb http://one.example/debian bookworm main contrib # near
deb-src http://one.example/debian bookworm main
deb [ arch=amd64 signed-by=/k.gpg ] https://two.example/x stable main
deb [trusted=yes] file:/srv/flat ./
deb
nonsense here
"""


def test_stanzas_give_a_source_for_each_address():
    suites, components = ("bookworm", "bookworm-updates"), ("main", "contrib")
    assert read_deb822(STANZAS) == [
        Source("http://one.example/debian", suites, components, KEYRING),
        Source("http://two.example/debian", suites, components, KEYRING),
        Source("http://key.example/tools", ("./",), ()),
    ]


def test_lines_give_one_source_each():
    assert read_list(LINES) == [
        Source("http://one.example/debian", ("bookworm",), ("main", "contrib")),
        Source("https://two.example/x", ("stable",), ("main",), "/k.gpg"),
        Source("file:/srv/flat", ("./",), ()),
    ]


WORDS = st.text("abcdefghij-./:0123456789", min_size=1, max_size=12).filter(
    lambda word: not word.startswith("-")
)


@given(WORDS, WORDS, st.lists(WORDS, min_size=1, max_size=3), st.sampled_from(["", KEYRING]))
def test_both_forms_say_the_same(uri: str, suite: str, components: list[str], key: str):
    expected = [Source(uri, (suite,), tuple(components), key)]
    option = f"[arch=amd64 signed-by={key}] " if key else ""
    assert read_list(f"deb {option}{uri} {suite} {' '.join(components)}\n") == expected
    stanza = f"Types: deb\nURIs: {uri}\nSuites: {suite}\nComponents: {' '.join(components)}\n"
    assert read_deb822(stanza + (f"Signed-By: {key}\n" if key else "")) == expected


@given(st.text("deb #:[]=\n\t abTypesURI", max_size=80))
def test_any_text_is_read(text: str):
    for source in (*read_list(text), *read_deb822(text)):
        assert source.uri


def test_a_machine_s_sources_are_those_of_all_its_files(tmp_path: Path):
    folder = tmp_path / "sources.list.d"
    folder.mkdir()
    (tmp_path / "sources.list").write_text("deb http://a.example bookworm main\n")
    (folder / "b.sources").write_text(STANZAS)
    (folder / "c.list").write_text("deb http://c.example bookworm main\n")
    (folder / "d.list.disabled").write_text("deb http://d.example bookworm main\n")
    found = [source.uri for source in machine_sources(tmp_path)]
    assert found[0] == "http://a.example"
    assert found[-1] == "http://c.example"
    assert len(found) == 5
    assert machine_sources(tmp_path / "none") == []


def test_the_mirror_is_the_one_that_has_the_suite():
    other = Source("http://other.example", ("noble",), ("main",))
    newer = Source("http://newer.example", ("trixie",), ("main",))
    ours = Source("http://ours.example", ("bookworm", "bookworm-updates"), ("main",))
    assert mirror_of([other, newer, ours], "bookworm") == "http://ours.example"
    assert mirror_of([other, newer], "bookworm") == "http://newer.example"
    assert mirror_of([other], "bookworm") is None


def test_a_host_gets_the_archives_of_its_suite_alone():
    ours = Source("http://a.example", ("bookworm", "bookworm-security"), ("main",), KEYRING)
    foreign = Source("http://b.example", ("bookworm",), ("stable",), "/etc/apt/keyrings/b.asc")
    newer = Source("http://c.example", ("trixie",), ("main",))
    assert sources_text([ours, foreign, newer], "bookworm") == (
        "deb http://a.example bookworm main\ndeb http://a.example bookworm-security main\n"
    )
    assert sources_text([newer], "bookworm") == "deb http://c.example bookworm main\n"
    with pytest.raises(HostsError, match="knows no archive"):
        sources_text([foreign._replace(components=("x",))], "bookworm")
