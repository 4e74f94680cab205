"""pkgrepo.* in files that hold other repositories as well, on a machine that is made up."""

from pathlib import Path

from zester_testing.state_trees import grounds, ran, states

OTHER = "# ours\nTypes: deb\nURIs: https://other.invalid/debian\nSuites: stable\nComponents: main\n"
NAME = "deb https://here.invalid/debian stable main"
STANZA = "Types: deb\nURIs: https://here.invalid/debian\nSuites: stable\nComponents: {}\n"


def test_a_stanza_comes_changes_and_goes_beside_others(tmp_path: Path):
    path = tmp_path / "all.sources"
    path.write_text(f"{OTHER}\n\n{OTHER.replace('stable', 'old')}")
    given = {"name": NAME, "file": str(path), "refresh": False}
    on = grounds(tmp_path / "run")
    both = f"{OTHER}\n{OTHER.replace('stable', 'old')}"

    assert ran(states(("it", "pkgrepo.managed", given)), on)["it"]["result"] == "changed"
    assert path.read_text() == f"{both}\n{STANZA.format('main')}"
    assert ran(states(("it", "pkgrepo.managed", given)), on)["it"]["result"] == "ok"
    more = given | {"comps": "main,contrib"}
    assert ran(states(("it", "pkgrepo.managed", more)), on)["it"]["result"] == "changed"
    assert path.read_text() == f"{both}\n{STANZA.format('main contrib')}"
    assert ran(states(("it", "pkgrepo.absent", given)), on)["it"]["result"] == "changed"
    assert path.read_text() == both
    clean = given | {"clean_file": True}
    assert ran(states(("it", "pkgrepo.managed", clean)), on)["it"]["result"] == "changed"
    assert path.read_text() == STANZA.format("main")


def test_a_key_by_plain_http_is_warned_of(tmp_path: Path):
    key = tmp_path / "key.asc"
    key.write_text("-----BEGIN PGP PUBLIC KEY BLOCK-----\n")

    class Sources:
        def fetch(self, source: str, *, digest: str = "", env: str = "") -> Path | None:
            del source, digest, env
            return key

        def below(self, folder: str, *, env: str = "") -> None:
            del folder, env

    given = {"name": NAME, "file": str(tmp_path / "a.list"), "refresh": False,
             "signedby": str(tmp_path / "kept.asc")}  # fmt: skip
    on = grounds(tmp_path / "run", sources=Sources())
    for scheme, warned in (("http", True), ("https", False)):
        tree = states(("it", "pkgrepo.managed", given | {"key_url": f"{scheme}://x.invalid/key"}))
        said = ran(tree, on, test=True)["it"]["warnings"]
        assert [one.startswith("key_url is plain http") for one in said] == [True] * warned
