"""A real web server for tests: it says what it was told to, and keeps what it was asked."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class WebServer(ThreadingHTTPServer):
    """Answers each path with the next of its answers, and the last one for ever.

    Attributes:
        answers: status and text, by path.
        asked: all requests so far.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, list[tuple[int, str]]] = {}
        self.asked: list[Asked] = []

    def url(self, path: str, login: str = "") -> str:
        """Give the whole address of a path."""
        return f"http://{login}127.0.0.1:{self.server_address[1]}{path}"

    def next(self, path: str) -> tuple[int, str]:
        """Give the next answer of a path."""
        answers = self.answers.get(path, [(404, "nothing here")])
        return answers.pop(0) if len(answers) > 1 else answers[0]


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002  # the library's

    def do_GET(self) -> None:
        site = self.server
        assert isinstance(site, WebServer)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        site.asked.append(Asked(method=self.command, path=self.path, headers=headers, body=body))
        status, text = site.next(self.path.partition("?")[0])
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    do_POST = do_PUT = do_GET  # noqa: N815  # the library asks for these names


@contextmanager
def web_server(**answers: list[tuple[int, str]]) -> Generator[WebServer]:
    """Run one; the names of `answers` are paths without their slash."""
    with WebServer() as server:
        server.answers = {f"/{name}": list(given) for name, given in answers.items()}
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
