"""What nobody can foresee, and hashes of passwords, by Salt's names."""

# ruff: noqa: D417  # the context is handed to every function alike

import secrets
import string

from zester_modules.accounts.sha512_crypt import new_salt, sha512_crypt
from zester_modules.context import Context
from zester_modules.errors import BadArgument
from zester_modules.function import function
from zester_modules.functions.hashutil import digest
from zester_modules.words import Value


@function("random.get_str", reads=True)
def get_str(  # noqa: PLR0917  # the signature is Salt's
    context: Context,  # noqa: ARG001  # every function is handed it
    length: int = 20,
    chars: str = "",
    lowercase: bool = True,
    uppercase: bool = True,
    digits: bool = True,
    punctuation: bool = True,
) -> str:
    """Answer a text that nobody can foresee.

    Args:
        length: of so many signs.
        chars: of these signs; else of those that the others name.
        lowercase: small letters.
        uppercase: large letters.
        digits: digits.
        punctuation: other signs that can be printed.
    """
    pool = chars or "".join(
        signs for signs, wanted in (
            (string.ascii_lowercase, lowercase), (string.ascii_uppercase, uppercase),
            (string.digits, digits), (string.punctuation, punctuation),
        ) if wanted
    )  # fmt: skip
    if not pool:
        raise BadArgument("random.get_str", "chars", "there are no signs to choose from")
    if not 0 < length <= 4096:
        raise BadArgument("random.get_str", "length", "it is not between 1 and 4096")
    return "".join(secrets.choice(pool) for _ in range(length))


@function("random.hash", reads=True)
def random_hash(context: Context, value: Value, algorithm: str = "sha512") -> str:
    """Answer the digest of a text, in hexadecimal.

    Args:
        value: the text.
        algorithm: such as sha256.
    """
    return digest(context, str(value), algorithm)


@function("random.shadow_hash", reads=True)
def shadow_hash(
    context: Context,  # noqa: ARG001  # every function is handed it
    crypt_salt: str = "",
    password: str = "",
    algorithm: str = "sha512",
) -> str:
    """Answer a hash of a password as /etc/shadow holds it.

    Args:
        crypt_salt: the salt; else one that nobody can foresee.
        password: the password; else one that nobody knows.
        algorithm: sha512.
    """
    if algorithm != "sha512":
        raise BadArgument("random.shadow_hash", "algorithm", "only sha512 is known")
    return sha512_crypt(password or secrets.token_urlsafe(24), crypt_salt or new_salt())


@function("random.rand_int", reads=True)
def rand_int(context: Context, start: int = 1, end: int = 10) -> int:  # noqa: ARG001  # every function is handed it
    """Answer a number that nobody can foresee.

    Args:
        start: the lowest.
        end: the highest.
    """
    if start > end:
        raise BadArgument("random.rand_int", "start", "it is above end")
    return start + secrets.randbelow(end - start + 1)
