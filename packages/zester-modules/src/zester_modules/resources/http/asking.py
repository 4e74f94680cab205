"""Requests as states and functions describe them, by Salt's names."""

from typing import Annotated, Any, Final, cast
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem, Machine, WebRequest
from zester_modules.words import Duration


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent."""

    method: Annotated[str, Meta(description="GET, POST, PUT and so on")] = "GET"
    params: Annotated[dict[str, Any] | None, Meta(description="what is added to the address")] = (
        None
    )
    data: Annotated[Any, Meta(description="what is sent along; of a map, a form is made")] = None
    data_file: Annotated[str, Meta(description="a file whose contents are sent along")] = ""
    header_dict: Annotated[dict[str, str] | None, Meta(description="headers by name")] = None
    header_list: Annotated[list[str] | None, Meta(description="headers, each `Name: value`")] = None
    username: Annotated[str, Meta(description="who asks, by basic authentication")] = ""
    password: Annotated[str, Meta(description="the password of username")] = ""
    verify_ssl: Annotated[bool, Meta(description="take no certificate that nobody vouches for")] = (
        True
    )
    ca_bundle: Annotated[str, Meta(description="a file of authorities in place of the host's")] = ""
    timeout: Annotated[Duration, Meta(description="how long a silent server is waited for")] = 30.0


RETIRES: Final = (
    "agent", "auth", "backend", "cookies", "cookie_format", "cookie_jar", "decode", "decode_out",
    "decode_type", "formdata", "handle", "header_file", "header_render", "headers", "headers_out",
    "hide_fields", "opts", "persist_session", "port", "raise_error", "requests_lib",
    "session_cookie_jar", "stream", "test", "test_url", "text", "text_out", "url",
)  # fmt: skip
"""Arguments of Salt that mean nothing here: status, headers and text of an answer are all seen."""


def request_of(url: str, asking: Asking, machine: Machine) -> WebRequest:
    """Give the request that is meant.

    Raises:
        HostProblem: it cannot be made.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise HostProblem(f"{url!r} is no address of the web", hint="write http:// or https://")
    place, query = parts.netloc, parts.query
    if asking.username:
        login = f"{quote(asking.username, safe='')}:{quote(asking.password, safe='')}"
        place = f"{login}@{place.rpartition('@')[2]}"
    if asking.params:
        query = "&".join(part for part in (query, urlencode(asking.params, doseq=True)) if part)
    data, headers = _body(asking, machine)
    for line in asking.header_list or ():
        name, colon, value = line.partition(":")
        if not colon:
            raise HostProblem(f"{line!r} is no header", hint="write it `Name: value`")
        headers[name.strip()] = value.strip()
    return WebRequest(
        url=urlunsplit((parts.scheme, place, parts.path, query, "")),
        method=asking.method.upper(), data=data,
        headers=tuple((headers | (asking.header_dict or {})).items()), timeout=asking.timeout,
        verify=asking.verify_ssl, authorities=asking.ca_bundle,
    )  # fmt: skip


def _body(asking: Asking, machine: Machine) -> tuple[bytes | None, dict[str, str]]:
    if asking.data_file:
        contents = machine.read(asking.data_file)
        if contents is None:
            raise HostProblem(
                f"there is no file {asking.data_file}", hint="data_file is sent along"
            )
        return contents, {}
    if asking.data is None:
        return None, {}
    if isinstance(asking.data, dict):
        fields = cast("dict[str, Any]", asking.data)
        return urlencode(fields, doseq=True).encode(), {}
    if isinstance(asking.data, list):
        return msgspec.json.encode(cast("list[Any]", asking.data)), {
            "Content-Type": "application/json"
        }
    return str(asking.data).encode(), {}
