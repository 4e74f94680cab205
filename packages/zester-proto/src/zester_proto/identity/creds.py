"""The `.creds` files of NATS: a user's JWT and, beside it, the seed of its key."""

import re
from pathlib import Path
from typing import Final, NamedTuple

from zester_proto.errors import FileProblem
from zester_proto.files import read_private, write_atomic
from zester_proto.identity.claims import UserClaims
from zester_proto.identity.jwt import BadJwt, read_jwt
from zester_proto.identity.nkeys import BadKey, NKey

_BLOCK: Final = re.compile(
    r"-{3,}BEGIN (NATS USER JWT|USER NKEY SEED)-{3,}\s*([A-Za-z0-9_.=-]+?)\s*-{3,}END \1-{3,}",
    re.ASCII,
)
_FORM: Final = """\
-----BEGIN NATS USER JWT-----
{jwt}
------END NATS USER JWT------

************************* IMPORTANT *************************
The seed below is a private key: whoever reads it is this user.
Keep this file readable by its owner alone.

-----BEGIN USER NKEY SEED-----
{seed}
------END USER NKEY SEED------

*************************************************************
"""


class Credentials(NamedTuple):
    """Who connects."""

    jwt: str
    key: NKey
    claims: UserClaims
    """As the JWT says them; its signature holds, its issuer is the server's concern."""

    @property
    def name(self) -> str:
        """The user's name, which is also that of its inbox."""
        return self.claims.name


def make_credentials(jwt: str, key: NKey) -> Credentials:
    """Join a JWT and its key.

    Raises:
        BadJwt: the JWT is not valid, or is that of another key.
    """
    claims = read_jwt(jwt, UserClaims)
    if claims.sub != key.public:
        raise BadJwt(
            f"the JWT of {claims.name!r} is for the key {claims.sub}, not for {key.public}"
        )
    return Credentials(jwt, key, claims)


def write_creds(path: Path, credentials: Credentials) -> None:
    """Write a `.creds` file, private from its first byte.

    Raises:
        FileProblem: it cannot be written.
    """
    text = _FORM.format(jwt=credentials.jwt, seed=credentials.key.seed_text)
    write_atomic(path, text.encode(), 0o600)


def read_creds(path: Path) -> Credentials:
    """Read a `.creds` file, ours or one of `nsc`.

    Raises:
        FileProblem: it is missing, open to others, or holds no valid credentials.
    """
    text = read_private(path).decode("ascii", "replace")
    blocks = {match[1]: match[2] for match in _BLOCK.finditer(text)}
    hint = "issue the credentials again"
    if len(blocks) != 2:
        raise FileProblem(
            f"{path} is no credentials file: a JWT and a seed belong in it", hint=hint
        )
    try:
        key = NKey.from_seed_text(blocks["USER NKEY SEED"], "user")
        return make_credentials(blocks["NATS USER JWT"], key)
    except (BadKey, BadJwt) as error:
        raise FileProblem(f"{path} holds no valid credentials: {error}", hint=hint) from error
