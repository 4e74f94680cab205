"""`secret scan` finds what looks like a secret and is not marked, and never says what it is."""

from pathlib import Path

import pytest

from zester_master.main import main
from zester_master.secrets.looks import suspects

CANARY = "hunter2-canary"


@pytest.mark.parametrize(
    "line",
    [
        f"db_password: {CANARY}",
        f"  - 'api-token': \"{CANARY}\"  # why",
        f"    secret: {CANARY}",
        "key: -----BEGIN RSA PRIVATE KEY-----",
        "url: postgres://app:hunter2-canary@db/app",
        "root: $6$rounds=5000$abcdefgh$ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef",
        "id: AKIAIOSFODNN7EXAMPLE",
    ],
)
def test_what_looks_like_a_secret_is_found_with_its_line(line: str):
    found = list(suspects("a.sls", f"x: 1\n{line}\n".encode()))
    assert [(one.place.file, one.place.line) for one in found] == [("a.sls", 2)]
    assert CANARY not in found[0].what


@pytest.mark.parametrize(
    "line",
    [
        "password: {{ secret('db') }}",
        "password: !secret db",
        f'password: !encrypted "{CANARY}"',
        "password: {{ pillar.get('x') }}",
        "password_file: /etc/x",
        "password:",
        "password: null",
        "token: true",
        f"# password: {CANARY}",
        "passwords: {a: 1}",
        "monkey: banana",
        "url: https://example.com:8080/x@y",
    ],
)
def test_what_is_marked_or_no_value_is_passed_over(line: str):
    assert list(suspects("a.sls", line.encode())) == []


def test_files_that_go_by_facts_are_told_with_the_line_of_the_top_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    config, tree = tmp_path / "master.yaml", tmp_path / "tree"
    tree.mkdir()
    config.write_text("log_level: info\n")
    (tree / "top.sls").write_text("base:\n  'G@role:db':\n    - db\n  'web*':\n    - web\n")
    (tree / "db.sls").write_text(f"include: [more]\nport: 1\npassword: {CANARY}\n")
    (tree / "more.sls").write_text("a: b\n")
    (tree / "web.sls").write_text("a: b\n")

    assert main(["secret", "scan", str(tree), "--config", str(config)]) == 1

    out = capsys.readouterr().out
    assert "db.sls:3: password has a value" in out
    assert "top.sls:2:" in out
    assert "facts decide who gets db" in out
    assert CANARY not in out
    (tree / "db.sls").write_text("port: 1\n")
    assert main(["secret", "scan", str(tree), "--config", str(config)]) == 0
