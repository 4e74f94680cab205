from pathlib import Path

import pytest

from zester_proto.errors import FileProblem
from zester_proto.identity.claims import UserClaims, UserNats
from zester_proto.identity.creds import make_credentials, read_creds, write_creds
from zester_proto.identity.jwt import BadJwt, sign_jwt
from zester_proto.identity.nkeys import NKey

ACCOUNT, USER = NKey("account", b"a" * 32), NKey("user", b"u" * 32)
CLAIMS = UserClaims(
    iat=1, iss=ACCOUNT.public, name="web-01", sub=USER.public, nats=UserNats(type="user", version=2)
)
JWT = sign_jwt(CLAIMS, ACCOUNT)


def test_credentials_survive_their_file_which_nobody_else_may_read(tmp_path: Path):
    path = tmp_path / "peel.creds"
    write_creds(path, make_credentials(JWT, USER))

    read = read_creds(path)

    assert (read.jwt, read.key.seed, read.name) == (JWT, USER.seed, "web-01")
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_form_of_nsc_is_read(tmp_path: Path):
    path = tmp_path / "nsc.creds"
    path.touch(0o600)
    path.write_text(
        f"-----BEGIN NATS USER JWT-----\r\n{JWT}\r\n------END NATS USER JWT------\r\n\r\n"
        "************************* IMPORTANT *************************\r\n"
        "NKEY Seed printed below can be used to sign and prove identity.\r\n"
        f"-----BEGIN USER NKEY SEED-----\r\n{USER.seed_text}\r\n------END USER NKEY SEED------\r\n"
    )

    assert read_creds(path).name == "web-01"


def test_a_jwt_and_the_seed_of_another_do_not_go_together():
    with pytest.raises(BadJwt, match="not for"):
        make_credentials(JWT, NKey.generate("user"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (USER.seed_text, NKey("user", b"x" * 32).seed_text),
        (USER.seed_text, ACCOUNT.seed_text),
        (JWT, JWT[:-4] + "AAAA"),
        ("BEGIN NATS", "OPEN NATS"),
        ("END USER NKEY", "END"),
    ],
)
def test_a_damaged_file_is_one_clear_error(tmp_path: Path, old: str, new: str):
    path = tmp_path / "peel.creds"
    write_creds(path, make_credentials(JWT, USER))
    path.write_text(path.read_text().replace(old, new))

    with pytest.raises(FileProblem, match=r"peel\.creds") as caught:
        read_creds(path)
    assert caught.value.hint


def test_a_file_that_others_may_read_is_refused_with_the_chmod(tmp_path: Path):
    path = tmp_path / "peel.creds"
    write_creds(path, make_credentials(JWT, USER))
    path.chmod(0o640)

    with pytest.raises(FileProblem, match="0640") as caught:
        read_creds(path)
    assert caught.value.hint == f"chmod 600 {path}"
