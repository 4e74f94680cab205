import subprocess
from pathlib import Path

from zester_master.site.conf import CONF_FILE, Cluster, ServerConf, conf_text
from zester_testing.nats import SERVER
from zester_testing.site import Site


def takes(conf: Path) -> bool:
    done = subprocess.run([SERVER, "-t", "-c", conf], capture_output=True, check=False)
    return done.returncode == 0


def test_the_server_is_told_what_the_design_says(tmp_path: Path):
    text = conf_text(ServerConf("nats-1", tmp_path, ports_folder=tmp_path), "my\nsite")

    for line in (
        "# The nats-server of site mysite, made by `zester-master init`.",
        'listen: "0.0.0.0:4222"',
        'http: "127.0.0.1:8222"',
        f'ports_file_dir: "{tmp_path}"',
        "max_payload: 8388608",
        'ping_interval: "10s"',
        "ping_max: 2",
        '  min_version: "1.3"',
        "  handshake_first: true",
        "  type: full",
        'include "./accounts.conf"',
    ):
        assert line in text.splitlines()
    assert "cluster" not in text


def test_a_server_may_be_one_of_a_cluster_whose_routes_prove_themselves(site: Site):
    cluster = Cluster("zester", "127.0.0.1", 6222, ("tls://127.0.0.1:6223",))

    conf = site.write_node("n1", cluster)

    assert takes(conf)
    assert "verify: true" in conf.read_text()
    assert (conf.parent / "accounts.conf").exists()


def test_without_the_site_s_accounts_a_server_does_not_start(site: Site):
    (site.paths.nats / "accounts.conf").unlink()
    assert not takes(site.paths.nats / CONF_FILE)
