import pytest

from zester_testing.hosts_plugin import sentence

PLUGIN = ("-p", "zester_testing.hosts_plugin", "-p", "no:asyncio", "-rs", "--strict-markers")

THREE_TESTS = """
    import pytest

    @pytest.mark.hosts("no-such-tool")
    def test_lacks_one_tool():
        raise AssertionError("it ran")

    @pytest.mark.hosts("no-other-tool", "sh")
    def test_lacks_another():
        raise AssertionError("it ran")

    @pytest.mark.hosts("sh")
    def test_lacks_nothing():
        pass
"""


@pytest.fixture
def three(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.delenv("ZESTER_REQUIRE_HOSTS", raising=False)
    pytester.makeini("[pytest]\nmarkers = hosts(*needs): needs\n")
    pytester.makepyfile(THREE_TESTS)
    return pytester


def test_what_is_missing_is_one_line_for_all_tests(three: pytest.Pytester):
    result = three.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(passed=1, skipped=2)
    skips = [line for line in result.outlines if line.startswith("SKIPPED")]
    assert len(skips) == 1
    assert skips[0].startswith("SKIPPED [2]")
    assert skips[0].endswith("missing on this machine: no-other-tool, no-such-tool")


def test_it_is_one_line_with_several_workers_too(three: pytest.Pytester):
    result = three.runpytest_inprocess(*PLUGIN, "-n", "2")
    result.assert_outcomes(passed=1, skipped=2)
    assert sum(line.startswith("SKIPPED") for line in result.outlines) == 1


def test_where_hosts_are_required_a_skip_is_a_failure(
    three: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ZESTER_REQUIRE_HOSTS", "1")
    result = three.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(["*no-such-tool; with ZESTER_REQUIRE_HOSTS=1 a skip is a failure"])


def test_where_hosts_are_required_no_other_skip_passes(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ZESTER_REQUIRE_HOSTS", "1")
    pytester.makepyfile(
        test_body="import pytest\ndef test_it():\n    pytest.skip('tired')\n",
        test_file="import pytest\npytest.skip('all of it', allow_module_level=True)\n",
    )
    result = pytester.runpytest_inprocess(*PLUGIN, "--continue-on-collection-errors")
    result.assert_outcomes(failed=1, errors=1)


def test_an_expected_failure_is_no_skip(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ZESTER_REQUIRE_HOSTS", "1")
    pytester.makepyfile("import pytest\n@pytest.mark.xfail\ndef test_it():\n    assert False\n")
    pytester.runpytest_inprocess(*PLUGIN).assert_outcomes(xfailed=1)


def test_a_fixture_brings_what_it_needs(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("ZESTER_REQUIRE_HOSTS", raising=False)
    monkeypatch.setenv("PATH", str(pytester.path))
    pytester.makeini("[pytest]\nmarkers = hosts(*needs): needs\n")
    pytester.makepyfile("""
        import pytest

        @pytest.fixture
        def debian_host():
            raise AssertionError("it was made")

        def test_it(debian_host):
            raise AssertionError("it ran")
    """)
    result = pytester.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*debootstrap, ip, iptables*systemd-nspawn*"])


def test_the_line_names_the_debian_packages():
    assert sentence(["faketime", "root"]) == (
        "missing on this machine: faketime, root (apt-get install faketime)"
    )
