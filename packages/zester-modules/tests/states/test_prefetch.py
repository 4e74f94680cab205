"""What states need, fetched ahead from a real server; after that the run needs no network."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from zester_modules.call import call
from zester_modules.returns import Return
from zester_modules.states.trees import Trees

DATA = b"from the web\n"
HEX = hashlib.sha256(DATA).hexdigest()


class Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002  # the library's

    def do_GET(self) -> None:
        body = {"/data": DATA, "/loose": b"loose\n", "/sums": f"{HEX}  sum\n".encode()}
        found = DATA if self.path == "/sum" else body.get(self.path)
        self.send_response(200 if found is not None else 404)
        self.send_header("Content-Length", str(len(found or b"")))
        self.end_headers()
        self.wfile.write(found or b"")


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class Peel:
    """Calls on a tree in a folder, with a cache of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tree = folder / "tree"
        self.trees = Trees(states={"base": (str(self.tree),)}, cache=str(folder / "cache"))

    def write(self, name: str, text: str) -> None:
        path = self.tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("ROOT", str(self.folder)))

    def __call__(self, function: str, *words: str) -> Return:
        return call(function, words, trees=self.trees, peel_id="web-1", facts={"id": "web-1"})


@pytest.fixture
def peel(tmp_path: Path) -> Peel:
    return Peel(tmp_path)


WEB = f"""
page:
  file.managed:
    - name: ROOT/page
    - source: URL/data
    - source_hash: {HEX}
    - unless: true
later:
  file.managed:
    - name: ROOT/folder/later
    - source:
        - zester://none
        - zester://here.txt
    - onchanges: [{{file: page}}]
all:
  file.recurse:
    - name: ROOT/all
    - source: zester://some
script:
  cmd.wait_script:
    - source: zester://run.sh
    - watch: [{{file: page}}]
"""


def sources(found: Any) -> dict[str, tuple[int, bool]]:
    return {one["source"]: (one["bytes"], one["fetched"]) for one in found.value["files"]}


def test_all_files_of_all_states_are_taken_whatever_their_guards_say(peel: Peel, url: str):
    peel.write("web.zy", WEB.replace("URL", url))
    peel.write("here.txt", "here\n")
    peel.write("some/one", "1\n")
    peel.write("some/two", "22\n")
    peel.write("run.sh", "#!/bin/sh\n")

    first, again = peel("state.prefetch", "web"), peel("state.prefetch", "web")

    assert (first.outcome, first.error) == ("ok", "")
    found = sources(first)
    assert found == {
        f"{url}/data": (len(DATA), True), "zester://here.txt": (5, False),
        "salt://some/one": (2, False), "salt://some/two": (3, False),
        "zester://run.sh": (10, False),
    }  # fmt: skip
    assert (first.value["bytes"], first.value["failed"]) == (len(DATA) + 20, [])
    assert first.value["volatile"] == []
    assert sources(again)[f"{url}/data"] == (len(DATA), False)
    assert not (peel.folder / "page").exists()


def test_a_run_after_it_needs_no_network(peel: Peel, url: str):
    text = WEB.replace("    - unless: true\n", "").partition("later:")[0]
    peel.write("web.zy", text.replace("URL", url))
    assert peel("state.prefetch", "web").value["fetched_bytes"] == len(DATA)
    peel.write("web.zy", text.replace("URL", "http://127.0.0.1:1"))  # nobody listens there
    assert peel("state.apply", "web").outcome == "changed"
    assert (peel.folder / "page").read_bytes() == DATA


def test_what_no_digest_fixes_is_named(peel: Peel, url: str):
    peel.write(
        "web.zy",
        f"loose:\n  file.managed:\n    - name: ROOT/loose\n    - source: {url}/loose\n"
        "    - skip_verify: true\n"
        f"sum:\n  file.managed:\n    - name: ROOT/sum\n    - source: {url}/sum\n"
        f"    - source_hash: {url}/sums\n",
    )
    found = peel("state.prefetch", "web")
    assert set(found.value["volatile"]) == {f"{url}/loose", f"{url}/sums"}
    assert (found.value["fetched"], found.outcome) == (2, "ok")


def test_what_cannot_be_had_is_said_by_state_and_the_rest_is_taken(peel: Peel, url: str):
    peel.write("here.txt", "here\n")
    peel.write(
        "web.zy",
        f"gone:\n  file.managed:\n    - name: ROOT/gone\n    - source: {url}/gone\n"
        f"    - source_hash: {HEX}\n"
        f"wrong:\n  file.managed:\n    - name: ROOT/wrong\n    - source: {url}/loose\n"
        f"    - source_hash: {HEX}\n"
        "lost:\n  file.managed:\n    - name: ROOT/lost\n    - source: zester://lost\n"
        "odd:\n  file.managed:\n    - name: not/whole\n    - source: zester://here.txt\n"
        "here:\n  file.managed:\n    - name: ROOT/here\n    - source: zester://here.txt\n",
    )
    found = peel("state.prefetch", "web")
    assert (found.outcome, found.error) == (
        "failed", "files of 3 states are missing: gone, wrong, lost",
    )  # fmt: skip
    assert [(one["id"], one["line"]) for one in found.value["failed"]] == [
        ("gone", 2), ("wrong", 7), ("lost", 12),
    ]  # fmt: skip
    assert "is not what its digest says" in found.value["failed"][1]["error"]
    assert [one["id"] for one in found.value["unsure"]] == ["odd"]
    assert list(sources(found)) == ["zester://here.txt"]


def test_a_broken_tree_is_refused(peel: Peel):
    peel.write("web.zy", "a:\n  file.managed:\n    - named: x\n")
    found = peel("state.prefetch", "web")
    assert (found.outcome, found.error) == ("refused", "the tree has 1 error")
    assert found.value["errors"][0]["line"] == 3
