"""Digests and encodings of texts and files, by Salt's names."""

# ruff: noqa: D417  # the context is handed to every function alike

import base64
import hashlib
import hmac

from zester_modules.context import Context
from zester_modules.errors import BadArgument, Refused
from zester_modules.function import function
from zester_modules.functions.machines import machine_of


@function("hashutil.digest", reads=True)
def digest(context: Context, instr: str, checksum: str = "md5") -> str:  # noqa: ARG001  # every function is handed it
    """Answer the digest of a text, in hexadecimal.

    Args:
        instr: the text.
        checksum: the algorithm.
    """
    return _digest("hashutil.digest", instr.encode(), checksum)


@function("hashutil.digest_file", reads=True)
def digest_file(context: Context, infile: str, checksum: str = "md5") -> str:
    """Answer the digest of a file, in hexadecimal.

    Args:
        infile: its path.
        checksum: the algorithm.
    """
    data = machine_of(context).read(infile)
    if data is None:
        raise Refused(f"there is no file {infile}")
    return _digest("hashutil.digest_file", data, checksum)


@function("hashutil.md5_digest", reads=True)
def md5_digest(context: Context, instr: str) -> str:  # noqa: ARG001  # every function is handed it
    """Answer the MD5 of a text.

    Args:
        instr: the text.
    """
    return _digest("hashutil.md5_digest", instr.encode(), "md5")


@function("hashutil.sha256_digest", reads=True)
def sha256_digest(context: Context, instr: str) -> str:  # noqa: ARG001  # every function is handed it
    """Answer the SHA-256 of a text.

    Args:
        instr: the text.
    """
    return _digest("hashutil.sha256_digest", instr.encode(), "sha256")


@function("hashutil.sha512_digest", reads=True)
def sha512_digest(context: Context, instr: str) -> str:  # noqa: ARG001  # every function is handed it
    """Answer the SHA-512 of a text.

    Args:
        instr: the text.
    """
    return _digest("hashutil.sha512_digest", instr.encode(), "sha512")


@function("hashutil.base64_encodestring", reads=True)
def base64_encodestring(context: Context, instr: str) -> str:  # noqa: ARG001  # every function is handed it
    """Answer a text in Base64.

    Args:
        instr: the text.
    """
    return base64.b64encode(instr.encode()).decode()


@function("hashutil.base64_decodestring", reads=True)
def base64_decodestring(context: Context, instr: str) -> str:  # noqa: ARG001  # every function is handed it
    """Answer the text that stands in Base64.

    Args:
        instr: the Base64.
    """
    try:
        return base64.b64decode(instr, validate=True).decode()
    except ValueError as error:
        raise BadArgument("hashutil.base64_decodestring", "instr", str(error)) from None


@function("hashutil.hmac_signature", reads=True)
def hmac_signature(context: Context, string: str, shared_secret: str, challenge_hmac: str) -> bool:  # noqa: ARG001  # every function is handed it
    """Answer whether an HMAC with SHA-256 in Base64 is that of a text.

    Args:
        string: the text.
        shared_secret: the key.
        challenge_hmac: the HMAC.
    """
    made = hmac.new(shared_secret.encode(), string.encode(), "sha256").digest()
    return hmac.compare_digest(base64.b64encode(made), challenge_hmac.encode())


def _digest(name: str, data: bytes, algorithm: str) -> str:
    if algorithm not in hashlib.algorithms_guaranteed or algorithm.startswith("shake"):
        raise BadArgument(name, "checksum", f"there is no algorithm {algorithm!r}")
    return hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()
