"""Fixtures of every test that needs a site or a bus; the root conftest names this module.

`bus` is shared by the tests of one file, which must leave it usable; `own_bus` is for a test that
stops the server, pushes accounts or fills streams.
"""

from collections.abc import Generator
from pathlib import Path

import pytest

from zester_master.site.masters import add_master
from zester_testing.site import Bus, Site


@pytest.fixture(scope="session")
def site_template(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The site that all others are copies of: the same keys, made once a session."""
    return Site.make(tmp_path_factory.mktemp("template") / "site")


@pytest.fixture
def site(site_template: Site, tmp_path: Path) -> Site:
    """A site for one test; no server runs."""
    return site_template.copy_to(tmp_path / "site")


@pytest.fixture(scope="module")
def bus(site_template: Site, tmp_path_factory: pytest.TempPathFactory) -> Generator[Bus]:
    """A site with a running server for the tests of one file."""
    with Bus(site_template.copy_to(tmp_path_factory.mktemp("bus") / "site")) as running:
        yield running


@pytest.fixture
def own_bus(site: Site) -> Generator[Bus]:
    """A site with a running server for one test."""
    with Bus(site) as running:
        yield running


@pytest.fixture
def second_master(own_bus: Bus, tmp_path: Path) -> Path:
    """Give the auth folder of another master of the site of `own_bus`."""
    site, out = own_bus.site, tmp_path / "m2"
    add_master(site.paths.root, "master-2", site.paths.offline, out, now=1.0)
    return out
