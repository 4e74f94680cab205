"""What servers of the web answer, by Salt's names."""

# ruff: noqa: D417  # the context is handed to every function alike

from typing import Any

import msgspec

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions.machines import machine_of
from zester_modules.resources.http.asking import Asking, request_of
from zester_modules.returns import Outcome, Return
from zester_modules.words import Duration, Value


@function("http.query")
def query(
    context: Context,
    url: str,
    method: str = "GET",
    params: dict[str, Value] | None = None,
    data: Value = None,
    *,
    data_file: str = "",
    header_dict: dict[str, str] | None = None,
    header_list: list[str] | None = None,
    username: str = "",
    password: str = "",
    verify_ssl: bool = True,
    ca_bundle: str = "",
    timeout: Duration = 30.0,
    decode: bool = False,
) -> Return:
    """Ask a server of the web; answer its status, headers and text.

    A status of 400 or more counts as failed.

    Args:
        url: the address.
        method: GET, POST, PUT and so on.
        params: what is added to the address.
        data: what is sent along; of a map, a form is made.
        data_file: a file whose contents are sent along.
        header_dict: headers by name.
        header_list: headers, each `Name: value`.
        username: who asks, by basic authentication.
        password: of username.
        verify_ssl: take no certificate that nobody vouches for.
        ca_bundle: a file of authorities in place of the host's.
        timeout: how long a silent server is waited for.
        decode: answer what the text means as JSON in `dict`.
    """
    asking = Asking(
        method=method, params=params, data=data, data_file=data_file, header_dict=header_dict,
        header_list=header_list, username=username, password=password, verify_ssl=verify_ssl,
        ca_bundle=ca_bundle, timeout=timeout,
    )  # fmt: skip
    machine = machine_of(context)
    request = request_of(url, asking, machine)
    answer = machine.send(request)
    text = answer.body.decode("utf-8", "replace")
    value: dict[str, Any] = {
        "status": answer.status, "headers": dict(answer.headers), "text": text,
    }  # fmt: skip
    if answer.status >= 400:
        return Return(value, Outcome.FAILED, error=f"the server says {answer.status}")
    if decode:
        try:
            value["dict"] = msgspec.json.decode(answer.body)
        except msgspec.DecodeError as error:
            return Return(value, Outcome.FAILED, error=f"the text is no JSON: {error}")
    return Return(value, Outcome.OK if request.reads else Outcome.CHANGED)
