"""HTTP as we speak it: what may be opened, whom a password is told, one request and its answer."""

import base64
import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import Message
from typing import IO
from urllib.parse import unquote, urlsplit, urlunsplit

from zester_modules.host.address import UNREACHED, shown
from zester_modules.host.machine import HostProblem, WebAnswer, WebRequest


def send(request: WebRequest) -> WebAnswer:
    """Send a request, and give the answer, whatever its status.

    Raises:
        HostProblem: no answer came, or it is too large.
    """
    try:
        made = request_for(request.url, dict(request.headers), request.method, request.data)
        with opener(_trust(request)).open(made, timeout=request.timeout) as answer:
            return _answer(request, answer.status, answer.headers, answer)
    except urllib.error.HTTPError as error:
        with error:
            return _answer(request, error.code, error.headers, error)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise HostProblem(
            f"{shown(request.url)} does not answer: {reason or type(error).__name__}",
            hint=UNREACHED,
        ) from error


def _answer(request: WebRequest, status: int, headers: Message, body: IO[bytes]) -> WebAnswer:
    data = body.read(request.limit + 1)
    if len(data) > request.limit:
        raise HostProblem(f"{shown(request.url)} answers more than {request.limit} bytes")
    return WebAnswer(status=status, headers=dict(headers.items()), body=data)


def _trust(request: WebRequest) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=request.authorities or None)
    if not request.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def request_for(
    url: str,
    headers: Mapping[str, str] | None = None,
    method: str = "GET",
    data: bytes | None = None,
) -> urllib.request.Request:
    """Make a request of urllib; a name and password in the address become a header.

    Raises:
        HostProblem: that is no address.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise HostProblem(f"{shown(url)} is no address: {error}") from error
    login, _, host = parts.netloc.rpartition("@")
    ours = {"User-Agent": "zester", "Accept-Encoding": "identity"}
    request = urllib.request.Request(  # noqa: S310  # the opener knows http and https only
        urlunsplit((parts.scheme, host, parts.path, parts.query, "")),
        data=data, headers=ours | dict(headers or {}), method=method,
    )  # fmt: skip
    if login:
        word = base64.b64encode(unquote(login).encode()).decode()
        # not sent along where the server sends us elsewhere
        request.add_unredirected_header("Authorization", f"Basic {word}")
    return request


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(  # noqa: PLR0917  # the library's signature
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        scheme = urlsplit(newurl).scheme
        if scheme not in {"http", "https"} or (req.type == "https" and scheme == "http"):
            raise urllib.error.URLError(f"it is said to be at {shown(newurl)}, which is not safe")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def opener(trust: ssl.SSLContext | None = None) -> urllib.request.OpenerDirector:
    """Give what opens http and https, by the proxies of the environment, and nothing else."""
    made = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=trust), urllib.request.HTTPDefaultErrorHandler(),
        _Redirects(), urllib.request.HTTPErrorProcessor(), urllib.request.UnknownHandler(),
    ):  # fmt: skip
        made.add_handler(handler)
    return made
