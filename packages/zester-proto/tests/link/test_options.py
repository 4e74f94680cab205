import random

import pytest

from zester_proto.link.options import BadUrl, Server, parse_servers
from zester_proto.link.pool import MAX_SERVERS, Pool


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("nats://h", "h", 4222), ("tls://h:1", "h", 1), ("h:5", "h", 5), ("h", "h", 4222),
        (" nats://10.0.0.1:4222/ ", "10.0.0.1", 4222), ("tls://[::1]:7", "::1", 7),
    ],
)  # fmt: skip
def test_an_address_is_read_and_its_scheme_says_nothing(url: str, host: str, port: int):
    assert parse_servers((url,)) == [Server(host, port)]


@pytest.mark.parametrize("url", ["", "http://h", "ws://h", "nats://h:x", "nats://h:99999", "nats://",
                                 "nats://h/path", "nats://h?x=1", "nats://[::1"])  # fmt: skip
def test_what_is_no_address_is_refused(url: str):
    with pytest.raises(BadUrl, match="is not the URL of a NATS server"):
        parse_servers((url,))


def test_credentials_in_a_url_are_refused_and_not_repeated():
    with pytest.raises(BadUrl) as caught:
        parse_servers(("nats://me:geheim@h",))
    assert "geheim" not in caught.value.message
    with pytest.raises(BadUrl, match="no NATS server"):
        parse_servers(())


def test_a_server_shows_as_it_is_written():
    assert str(Server("h", 1)) == "h:1"
    assert str(Server("::1", 1)) == "[::1]:1"


def test_a_pool_learns_forgets_no_given_one_and_tries_the_failed_last():
    pool = Pool(parse_servers(("a", "b", "a")), random.Random(1))
    first, second = pool.round()
    assert {first.host, second.host} == {"a", "b"}

    pool.demote(first)
    assert pool.round() == [second, first]
    pool.learn([Server("a", 4222, "x"), Server("c", 4222), Server("c", 4222)])
    assert [one.host for one in pool.round()[2:]] == ["c"]
    pool.learn(Server(f"h{n}", 1) for n in range(200))
    assert len(pool) == MAX_SERVERS
