import pytest

import lock

PACKAGE = """
source = { registry = "https://index.example/simple" }
sdist = { url = "https://files.example/a/b/cffi-2.1.1.tar.gz", hash = "sha256:dd31", size = 5 }
wheels = [
    { url = "https://files.example/c/cffi-2.1.1-py3-none-any.whl", hash = "sha256:c145", size = 2 },
]
"""


def test_the_rewritten_lock_keeps_names_and_hashes_and_loses_hosts():
    assert (
        lock.hostless(PACKAGE)
        == """
source = { registry = ".wheels" }
sdist = { path = "cffi-2.1.1.tar.gz", hash = "sha256:dd31", size = 5 }
wheels = [
    { path = "cffi-2.1.1-py3-none-any.whl", hash = "sha256:c145", size = 2 },
]
"""
    )


def test_rewriting_twice_changes_nothing():
    once = lock.hostless(PACKAGE)
    assert lock.hostless(once) == once


def test_a_source_that_is_no_index_is_refused_and_named():
    with pytest.raises(ValueError, match=r"no index: source = \{ git = "):
        lock.hostless('source = { git = "https://git.example/x" }\n')


def test_the_check_counts_the_hosts(capsys: pytest.CaptureFixture[str]):
    assert lock.check(PACKAGE) == 1
    assert "in 3 places; run: make lock" in capsys.readouterr().err
    assert lock.check(lock.hostless(PACKAGE)) == 0


def test_the_committed_lock_names_no_host():
    assert lock.check(lock.LOCK.read_text()) == 0
