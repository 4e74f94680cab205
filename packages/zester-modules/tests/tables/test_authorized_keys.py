"""Lines of authorized_keys: what nobody asked for stays byte for byte."""

from hypothesis import given
from hypothesis import strategies as st

from zester_modules.tables import authorized_keys
from zester_modules.tables.authorized_keys import Line

LINES = st.sampled_from([
    b"# mine", b"", b"ssh-ed25519 AAAA me", b'from="1,2 3" ssh-rsa AAAB',
    b"no-pty,x ssh-rsa AAAA x y",
    b"  ssh-rsa AAAB  two  words", b"ssh-rsa !!", b"garbage",
])  # fmt: skip
WANTED = st.builds(
    Line,
    st.just(""),
    st.sampled_from(["AAAA", "AAAB", "AAAC"]),
    st.sampled_from(["ssh-rsa", "sk-ssh-ed25519@openssh.com"]),
    st.sampled_from(["", "no-pty", 'command="echo \\"a, b\\"",no-pty']),
    st.sampled_from(["", "me", "a b"]),
)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Make a file, strange lines in it."""
    lines = draw(st.lists(st.one_of(LINES, LINES, st.binary(max_size=12)), max_size=6))
    return b"\n".join(lines) + draw(st.sampled_from([b"", b"\n"]))


@given(files())
def test_a_file_that_is_read_and_written_is_the_same(data: bytes) -> None:
    assert authorized_keys.dump(authorized_keys.parse(data)) == data


@given(files(), WANTED)
def test_a_key_is_there_once_and_other_lines_stay(data: bytes, wanted: Line) -> None:
    before = authorized_keys.parse(data)
    after = authorized_keys.with_key(before, wanted)
    (found,) = [one for one in after if one.key == wanted.key]
    assert (found.enc, found.options) == (wanted.enc, wanted.options)
    assert authorized_keys.with_key(after, wanted) == after
    assert authorized_keys.line(found.text).key == wanted.key
    others = authorized_keys.dump(authorized_keys.without_key(before, wanted.key))
    kept = authorized_keys.dump(authorized_keys.without_key(after, wanted.key))
    assert kept.rstrip(b"\n") == others.rstrip(b"\n")
