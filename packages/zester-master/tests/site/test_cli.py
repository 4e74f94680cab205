import argparse
import io
from pathlib import Path

import pytest

from zester_master.site import cli
from zester_master.site.masters import load_master
from zester_proto.errors import ZesterError
from zester_proto.identity.joining import load_identity, new_keys, read_bundle, request_line
from zester_testing.site import Site


def run(*words: str | Path) -> int:
    parser = argparse.ArgumentParser()
    cli.add_parsers(parser.add_subparsers(required=True))
    arguments = parser.parse_args([str(word) for word in words])
    return arguments.handler(arguments)


def test_init_makes_a_site_and_says_what_goes_offline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = tmp_path / "site"
    assert (
        run("init", "--dir", folder, "--hosts", "nats.example.com, 10.0.0.1", "--master", "m") == 0
    )

    said = capsys.readouterr().out
    assert f"Take {folder}/offline off this machine" in said
    assert f"export ZESTER_CONFIG={folder}/operators/admin/operator.yaml" in said
    master = load_master(folder / "master")
    assert (master.name, master.commons.record.nats_url) == ("m", "tls://nats.example.com:4222")


def test_members_are_added_with_the_offline_keys(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    root = site.paths.root
    assert run("add-master", "m2", "--dir", root) == 0
    assert run("operator", "add", "eve", "--role", "viewer", "--dir", root) == 0

    assert load_master(root / "masters" / "m2").push is not None
    assert (root / "operators" / "eve" / "operator.yaml").exists()
    assert "delete it here" in capsys.readouterr().out

    keys = root / "offline"
    keys.rename(tmp_path / "usb")
    with pytest.raises(ZesterError, match="offline keys") as caught:
        run("add-master", "m3", "--dir", root)
    assert "--keys" in caught.value.hint
    out = tmp_path / "m3"
    words = ("--dir", site.paths.master, "--keys", tmp_path / "usb", "--out", out, "--no-issuer")
    assert run("add-master", "m3", *words) == 0
    assert load_master(out).push is None


def test_peel_add_writes_the_file_for_the_peel(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    line, out = request_line("web-01", new_keys(), 0), tmp_path / "web-01.join"
    words = ("--out", out, "--dir", site.paths.root, "--id", "web-01")
    assert run("peel", "add", line, *words, "--nats-url", "tls://bus:1") == 0

    assert read_bundle(out.read_text()).nats_url == "tls://bus:1"
    assert "holds no secret" in capsys.readouterr().out

    monkeypatch.setattr("sys.stdin", io.StringIO(line + "\n"))
    assert run("peel", "add", "-", "--out", out, "--dir", site.paths.root) == 0
    assert read_bundle(out.read_text()).id == "web-01"


def test_peel_add_with_key_makes_a_whole_identity_and_says_what_that_means(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = ("--with-key", "--out", tmp_path / "p", "--dir", site.paths.root)
    assert run("peel", "add", "peel-1", *words) == 0

    assert load_identity(tmp_path / "p").id == "peel-1"
    assert "never for a host" in capsys.readouterr().out


def test_without_dir_the_auth_folder_of_the_machine_is_taken(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    line, out = request_line("web-01", new_keys(), 0), tmp_path / "f"
    monkeypatch.setattr(cli, "AUTH_FOLDERS", (tmp_path / "none", site.paths.master))
    assert run("peel", "add", line, "--out", out) == 0

    monkeypatch.setattr(cli, "AUTH_FOLDERS", (tmp_path / "none", tmp_path / "neither"))
    with pytest.raises(ZesterError, match="no auth folder") as caught:
        run("peel", "add", line, "--out", out)
    assert caught.value.hint == "name it with --dir"
