"""Salt's words for how a target is read, and our letters for them."""

from typing import Final

_LETTERS: Final = {
    "glob": "", "compound": "", "list": "L@", "pcre": "E@", "grain": "G@", "grain_pcre": "P@",
    "pillar": "I@", "pillar_exact": "I@", "pillar_pcre": "J@", "data": "I@", "exsel": "G@",
    "ipcidr": "S@", "nodegroup": "N@",
}  # fmt: skip

KINDS: Final = tuple(_LETTERS)
"""The words."""


def in_our_letters(target: str, kind: str) -> str:
    """Give a target as we write it: `role:db` of kind `grain` is `G@role:db`."""
    return f"{_LETTERS.get(kind, '')}{target}"
