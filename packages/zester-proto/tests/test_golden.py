import importlib.util
import sys
from pathlib import Path

import msgspec
import pytest

from zester_proto.codec import decode, encode
from zester_proto.messages import basket, jobs, operators, presence, records, trust
from zester_proto.messages.base import Message

FOLDER = Path(__file__).parent / "golden"
_spec = importlib.util.spec_from_file_location("golden_examples", FOLDER / "examples.py")
assert _spec
assert _spec.loader
golden = sys.modules.setdefault("golden_examples", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(golden)
EXAMPLES: dict[str, msgspec.Struct] = golden.EXAMPLES

FILES = sorted(FOLDER.glob("v*/*.msgpack"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_what_was_written_under_any_protocol_is_read_today(path: Path):
    example = EXAMPLES[path.stem]

    assert encode(decode(path.read_bytes(), type(example))) == encode(example)


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_written_today_is_what_lies_in_the_newest_folder(name: str):
    path = golden.NEWEST / f"{name}.msgpack"

    assert path.exists(), "run packages/zester-proto/tests/golden/examples.py"
    written = msgspec.msgpack.decode(path.read_bytes())
    today = msgspec.msgpack.decode(encode(EXAMPLES[name]))
    assert {key: today[key] for key in written} == written


def test_every_kind_of_message_has_an_example():
    kinds = {
        kind
        for module in (basket, jobs, operators, presence, records, trust)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Message) and kind is not Message
    }

    assert kinds - {type(example) for example in EXAMPLES.values()} == set()


def test_orders_to_peels_are_told_apart_by_their_tags():
    for name in ("job", "cancel", "drain"):
        data = (golden.NEWEST / f"{name}.msgpack").read_bytes()
        command: msgspec.Struct = msgspec.msgpack.decode(data, type=jobs.Command)
        assert type(command) is type(EXAMPLES[name])
