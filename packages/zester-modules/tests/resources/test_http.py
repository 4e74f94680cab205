"""http.query and its like, as states and as a function, against a real server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from zester_modules.bind import bind
from zester_modules.call import run_bound
from zester_modules.context import Context
from zester_modules.functions.http import query
from zester_testing.state_trees import grounds, ran, states
from zester_testing.web import WebServer, web_server


@pytest.fixture
def server() -> Iterator[WebServer]:
    """Serves `/good`, `/down`, and `/slow`, which is good at the third request."""
    with web_server(
        good=[(200, "all is well: 42")], down=[(503, "not  yet")],
        slow=[(503, ""), (503, ""), (200, "up")],
    ) as running:  # fmt: skip
        yield running


def run(tmp_path: Path, url: str, *, test: bool = False, **given: Any) -> dict[str, Any]:
    fun = given.pop("fun", "http.query")
    tree = states(("it", fun, {"name": url, **given}))
    return ran(tree, grounds(tmp_path / "run"), test=test)["it"]


@pytest.mark.parametrize(
    ("path", "given", "result", "comment"),
    [
        ("/good", {"status": 200}, "ok", "answers as it should"),
        ("/good", {"match": "well"}, "ok", "answers as it should"),
        ("/good", {"match": r"well: \d+$", "match_type": "pcre"}, "ok", "as it should"),
        ("/good", {"status": [201, 200], "status_type": "list"}, "ok", "as it should"),
        ("/good", {"status": "2..", "status_type": "pcre"}, "ok", "as it should"),
        ("/good", {"status": 200, "match": "ill"}, "failed", "answers without 'ill'"),
        ("/down", {"status": 200}, "failed", "answers 503, not 200\nit says: not yet"),
        ("/good", {}, "failed", "give match or status"),
        ("/good", {"match": "(", "match_type": "pcre"}, "failed", "no regular expression"),
    ],
)
@pytest.mark.parametrize("test", [False, True])
def test_an_answer_is_held_to_what_was_said(  # a table
    tmp_path: Path, server: WebServer, path: str, given: dict[str, Any], result: str, comment: str,
    test: bool,
):  # fmt: skip
    row = run(tmp_path, server.url(path), test=test, **given)
    assert (row["result"], row["changes"]) == (result, {})
    assert comment in row["comment"]
    assert row["certain"]


def test_what_was_answered_is_told_unless_the_state_is_secret(tmp_path: Path, server: WebServer):
    row = run(tmp_path, server.url("/good"), status=200)
    assert row["output"] == {"status": 200, "text": "all is well: 42"}
    assert run(tmp_path, server.url("/good"), status=200, no_log=True)["output"] is None
    assert len(server.asked) == 2  # once each


def test_a_post_is_sent_in_a_run_only(tmp_path: Path, server: WebServer):
    words: dict[str, Any] = {
        "method": "POST", "data": {"a": "b c"}, "params": {"q": 1}, "status": 200,
        "header_list": ["X-One: 1"], "username": "me", "password": "p:w",
    }  # fmt: skip
    row = run(tmp_path, server.url("/good"), test=True, **words)
    assert (row["result"], server.asked) == ("would-change", [])
    row = run(tmp_path, server.url("/good"), **words)
    assert row["result"] == "changed"
    assert list(row["changes"]) == [server.url("/good")]
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/good?q=1", b"a=b+c")
    assert asked.headers["x-one"] == "1"
    assert asked.headers["authorization"] == "Basic bWU6cDp3"


def test_an_answer_is_waited_for(tmp_path: Path, server: WebServer):
    words: dict[str, Any] = {"status": 200, "wait_for": 20, "request_interval": 0.01}
    row = run(tmp_path, server.url("/slow"), **words)
    assert (row["result"], row["output"]["text"], len(server.asked)) == ("ok", "up", 3)
    row = run(
        tmp_path, server.url("/down"), fun="http.wait_for_successful_query", status=200,
        wait_for=0.05, request_interval=0.01,
    )  # fmt: skip
    assert (row["result"], row["output"]["status"]) == ("failed", 503)


def test_a_dry_run_does_not_wait_and_promises_nothing(tmp_path: Path, server: WebServer):
    row = run(tmp_path, server.url("/slow"), status=200, wait_for=3600, test=True)
    assert (row["result"], row["certain"], len(server.asked)) == ("ok", False, 1)


def test_after_a_change_nobody_knows_what_will_be_answered(tmp_path: Path, server: WebServer):
    target = str(tmp_path / "page")
    tree = states(
        ("page", "file.managed", {"name": target, "contents": "x"}),
        ("it", "http.query", {"name": server.url("/down"), "status": 200}),
        ("later", "file.exists", {"name": str(tmp_path / "none")}),
    )
    rows = ran(tree, grounds(tmp_path / "run"), test=True)
    assert (rows["it"]["result"], rows["it"]["certain"]) == ("ok", False)
    assert rows["it"]["comment"] == "only known after: page"
    assert rows["later"]["result"] == "failed"  # known all the same
    assert server.asked == []


def test_nobody_there_and_no_address(tmp_path: Path):
    row = run(tmp_path, "http://me:secret@127.0.0.1:1/x", status=200)
    assert row["result"] == "failed"
    assert "http://127.0.0.1:1/x does not answer" in row["comment"]
    assert "no address of the web" in run(tmp_path, "file:///etc/passwd", status=200)["comment"]


def test_the_function_answers_all_of_it(context: Context, server: WebServer):
    done = run_bound(bind(query, [server.url("/good")], {}), context)
    assert (done.outcome, done.value["status"]) == ("ok", 200)
    done = run_bound(bind(query, [server.url("/good"), "PUT"], {"decode": True}), context)
    assert (done.outcome, done.error[:15]) == ("failed", "the text is no ")
    assert run_bound(bind(query, [server.url("/down")], {}), context).outcome == "failed"
