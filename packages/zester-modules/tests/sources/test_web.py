"""Sources from the web, from a real server: verified, cached, gone on with, bounded."""

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from zester_modules.host.machine import HostProblem
from zester_modules.sources.digests import Digest
from zester_modules.sources.web import WebCache
from zester_modules.states.tree_sources import TreeSources
from zester_proto.tree.folders import Tree

DATA = bytes(range(256)) * 4096
HEX = hashlib.sha256(DATA).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves `/data`, `/sums`, `/cut` (ends early once), `/moved` and `/login`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str | None, str | None]] = []
        self.cut = True

    def url(self, path: str, login: str = "") -> str:
        return f"http://{login}127.0.0.1:{self.server_address[1]}{path}"


class Handler(BaseHTTPRequestHandler):
    @property
    def site(self) -> Server:
        assert isinstance(self.server, Server)
        return self.server

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002  # the library's

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.site.seen.append((self.path, asked, self.headers.get("Authorization")))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/data")
            self.end_headers()
        elif self.path == "/file":
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.end_headers()
        elif self.path == "/sums":
            self._send(f"{HEX}  data\n{HEX} login\n".encode(), 200)
        elif self.path == "/broken":
            self.send_error(500)
        elif self.path == "/closed":
            self.send_error(403)
        elif self.path == "/odd":
            self.send_error(418)
        elif self.path in {"/data", "/cut", "/login"}:
            self._data(asked)
        else:
            self.send_error(404)

    def _data(self, asked: str | None) -> None:
        if self.headers.get("If-None-Match") == '"one"':
            self.send_response(304)
            self.end_headers()
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        cut = self.path == "/cut" and self.site.cut
        self._send(DATA[start:], 206 if asked else 200, upto=len(DATA) // 2 if cut else None)
        self.site.cut = self.site.cut and not cut

    def _send(self, data: bytes, status: int, upto: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", '"one"')
        self.end_headers()
        self.wfile.write(data[:upto])


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def sources(tmp_path: Path) -> TreeSources:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "sums").write_text(f"{HEX}  data\n")
    (tmp_path / "tree" / "data").write_bytes(DATA)
    return TreeSources(Tree({"base": [tmp_path / "tree"]}), "base", tmp_path / "cache")


def fetched(sources: TreeSources, url: str, digest: str) -> bytes:
    found = sources.fetch(url, digest=digest)
    assert found is not None
    return found.read_bytes()


def test_a_verified_source_is_asked_for_once(server: Server, sources: TreeSources):
    for digest in (HEX, f"sha256={HEX}", "salt://sums"):
        assert fetched(sources, server.url("/data"), digest) == DATA
    assert len(server.seen) == 1
    assert fetched(sources, server.url("/moved"), HEX) == DATA
    assert len(server.seen) == 1


def test_a_file_of_digests_may_lie_on_the_web(server: Server, sources: TreeSources):
    assert fetched(sources, server.url("/data"), server.url("/sums")) == DATA
    named = f"{server.url('/sums')}#login"
    assert fetched(sources, server.url("/moved"), named) == DATA
    with pytest.raises(HostProblem, match="no digest of"):
        sources.fetch(server.url("/moved"), digest=server.url("/sums"))


def test_an_unverified_source_is_asked_for_anew(server: Server, sources: TreeSources):
    for _ in range(2):
        assert fetched(sources, server.url("/data"), "skip_verify") == DATA
    assert len(server.seen) == 2


def test_an_interrupted_download_goes_on_where_it_was(server: Server, sources: TreeSources):
    with pytest.raises(HostProblem, match="cannot be fetched"):
        sources.fetch(server.url("/cut"), digest=HEX)
    assert fetched(sources, server.url("/cut"), HEX) == DATA
    assert server.seen[1][1] == f"bytes={len(DATA) // 2}-"


def test_what_is_not_what_it_should_be_is_thrown_away(
    server: Server, sources: TreeSources, tmp_path: Path
):
    wrong = hashlib.sha256(b"wrong").hexdigest()
    with pytest.raises(HostProblem, match="not what its digest says"):
        sources.fetch(server.url("/data"), digest=wrong)
    left = [one.name for one in (tmp_path / "cache").iterdir()]
    assert all(name.endswith((".lock", ".note")) for name in left)
    with pytest.raises(HostProblem, match="not what its digest says"):
        sources.fetch("salt://data", digest=wrong)


def test_a_spoilt_cache_is_noticed(server: Server, sources: TreeSources):
    found = sources.fetch(server.url("/data"), digest=HEX)
    assert found is not None
    found.write_bytes(b"spoilt")
    assert fetched(sources, server.url("/data"), HEX) == DATA


def test_what_is_too_large_is_left(server: Server, tmp_path: Path):
    with pytest.raises(HostProblem, match="larger than"):
        WebCache(tmp_path / "cache", limit=1000).fetch(server.url("/data"), None)
    assert not list((tmp_path / "cache").glob("*.part"))


def test_what_was_not_used_for_long_goes_where_there_is_too_much(server: Server, tmp_path: Path):
    folder = tmp_path / "cache"
    cache = WebCache(folder, total=len(DATA) + 1000)
    digest = Digest("sha256", HEX)
    for name in ("old", "older", "young"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x" * 900)
    os.utime(folder / "older", (1, 1))
    os.utime(folder / "old", (2, 2))
    assert cache.fetch(server.url("/data"), digest) is not None
    # a run that still goes on may be using what is young
    assert sorted(one.name for one in folder.iterdir() if len(one.name) < 10) == ["young"]

    kept = folder / f"sha256-{HEX}"
    os.utime(kept, (1, 1))
    assert cache.fetch(server.url("/data"), digest) == kept
    assert kept.stat().st_mtime > time.time() - 60
    assert len(server.seen) == 1


def test_only_what_is_not_there_is_none(server: Server, sources: TreeSources):
    assert sources.fetch(server.url("/nothing"), digest="skip_verify") is None
    assert sources.fetch("salt://nothing") is None
    with pytest.raises(HostProblem, match=r"^salt://\.\./data climbs out of the tree$"):
        sources.fetch("salt://../data")
    with pytest.raises(HostProblem, match="cannot be fetched"):
        sources.fetch(server.url("/file"), digest="skip_verify")
    with pytest.raises(HostProblem, match=r"http://\.\.\. is no address"):
        sources.fetch("http://me:secret@[x/y", digest="skip_verify")
    with pytest.raises(HostProblem, match="no digest"):
        sources.fetch(server.url("/data"))
    with pytest.raises(HostProblem, match="cannot be fetched"):
        sources.fetch("gopher://x")


@pytest.mark.parametrize(
    ("path", "said", "hint"),
    [
        ("/broken", "says 500 Internal Server Error", "`retry`"),
        ("/closed", "says 403 Forbidden", "NAME:PASSWORD"),
        ("/odd", "says 418", "curl -I"),
    ],
)
def test_an_answer_that_is_no_file_says_its_status_and_what_to_do(
    server: Server, sources: TreeSources, path: str, said: str, hint: str
):
    with pytest.raises(HostProblem) as caught:
        sources.fetch(server.url(path), digest="skip_verify")
    assert caught.value.message.startswith(f"{server.url(path)} cannot be fetched: the server ")
    assert said in caught.value.message
    assert hint in caught.value.hint


def test_a_server_that_is_not_there_says_where_to_look(sources: TreeSources):
    with pytest.raises(HostProblem, match="Connection refused") as caught:
        sources.fetch("http://127.0.0.1:1/x", digest="skip_verify")
    assert "from this host" in caught.value.hint


def test_what_lies_on_this_host_and_is_no_file_is_no_source(sources: TreeSources, tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    for path, why in (
        (f"{tmp_path}/tree", "is a folder, not a file"),
        (f"{tmp_path}/pipe", "is something else, not a file"),
        (f"/{'n' * 256}", "cannot look at the source /nnn"),
        ("/a\0b", "embedded null byte"),
    ):
        with pytest.raises(HostProblem, match=why):
            sources.fetch(path)
    assert sources.fetch(f"{tmp_path}/nothing") is None
    assert sources.fetch(f"{tmp_path}/tree/data/below") is None


def test_a_link_that_leaves_the_tree_is_no_missing_source(sources: TreeSources, tmp_path: Path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/f").touch()
    (tmp_path / "tree/out").symlink_to(tmp_path / "outside/f")
    (tmp_path / "tree/folder").symlink_to(tmp_path / "outside")
    (tmp_path / "tree/dead").symlink_to("nowhere")
    for source, why in (
        ("out", f"is a link that leaves the tree, to {tmp_path}/outside/f"),
        ("folder/f", f"lies behind the link folder that leaves the tree, to {tmp_path}/outside"),
        ("dead", "is a link to nothing: nowhere"),
    ):
        with pytest.raises(HostProblem) as caught:
            sources.fetch(f"salt://{source}")
        assert caught.value.message == f"salt://{source} {why}"


def test_a_login_is_sent_and_told_to_nobody(server: Server, sources: TreeSources):
    assert fetched(sources, server.url("/login", "me:secret@"), HEX) == DATA
    assert server.seen[0][2] == "Basic bWU6c2VjcmV0"
    with pytest.raises(HostProblem) as caught:
        sources.fetch(server.url("/broken", "me:secret@"), digest=HEX[::-1])
    assert "secret" not in caught.value.message
