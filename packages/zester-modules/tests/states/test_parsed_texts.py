"""What YAML said is given to the next job that renders, with its places."""

from pathlib import Path

from zester_modules.context import Context
from zester_modules.registry import Registry
from zester_modules.states.parsed_texts import ParsedTexts
from zester_modules.states.sealed_file import SealedFile
from zester_modules.states.sealed_table import SealedTable
from zester_modules.states.settings_of import settings_from
from zester_proto.messages.settings import SettingsEntry
from zester_proto.render.lines import LineMap
from zester_proto.render.nodes import Dialect
from zester_proto.render.yaml import Loaded, load
from zester_proto.settings.model import Compiled
from zester_proto.settings.trace import trace
from zester_proto.tree.files import KeptTree

SECRETS = {"pw": "s3cr3t-value"}
FILES = {
    "plain.zy": "web: {port: 80, names: !append [a, b]}\nyes: 1.10\n",
    "made.sls": "web:\n  os: {{ grains.os }}\n{% for n in [1, 2] %}\nn{{ n }}: 1\n{% endfor %}",
    "secret.sls": "pw: {{ secret('pw') }}\ntagged: !secret pw\n",
    "including.sls": "include: [plain]\nweb: {port: 81}\n",
}  # fmt: skip


class Counting(ParsedTexts):
    """Counts the texts that YAML reads."""

    def __init__(self, path: Path, key: bytes = bytes(32)) -> None:
        self.table = table(path, key)
        super().__init__(self.table)
        self.read: list[str] = []

    def once(self, text: str, file: str = "a.sls", dialect: Dialect = "sls") -> Loaded:
        """Have a text read that is no template."""
        lines = LineMap.plain(file, text)

        def read() -> Loaded:
            self.read.append(text)
            return load(text, file, dialect, lines)

        return self.loaded(lines, dialect, read)


def table(path: Path, key: bytes = bytes(32)) -> SealedTable:
    return SealedTable(SealedFile(path / "made", key, b"test"))


def compiled(made: SealedTable | None, files: dict[str, str], system: str = "Debian") -> Compiled:
    tree = KeptTree({"base": {path: text.encode() for path, text in files.items()}})
    context = Context(registry=Registry(), peel_id="web-1", facts={"os": system})
    entries = [SettingsEntry("base", path.partition(".")[0]) for path in files]
    return settings_from(tree, entries, context, secret=SECRETS.get, made=made)


def test_a_text_is_read_once_whoever_asks_after_it_was_saved(tmp_path: Path):
    first = Counting(tmp_path)
    before = [first.once("a: 1\n"), first.once("b: yes\n")]
    first.table.save()
    second = Counting(tmp_path)
    assert [second.once("a: 1\n"), second.once("b: yes\n")] == before
    assert (first.read, second.read) == (["a: 1\n", "b: yes\n"], [])


def test_another_text_file_or_dialect_is_read(tmp_path: Path):
    first = Counting(tmp_path)
    first.once("a: yes\n")
    first.table.save()
    second = Counting(tmp_path)
    found = [
        second.once("a: no\n"), second.once("a: yes\n", file="b.sls"),
        second.once("a: yes\n", dialect="zy"),
    ]  # fmt: skip
    assert len(second.read) == 3
    assert found[1].root is not None
    assert found[1].root.place.file == "b.sls"


def test_what_is_wrong_is_said_each_time(tmp_path: Path):
    for _ in range(2):
        parsed = Counting(tmp_path)
        assert [one.message for one in parsed.once("a: 1\na: 2\n").problems]
        parsed.table.save()
    assert list(tmp_path.iterdir()) == []


def test_what_nobody_needs_any_more_goes_when_it_is_much(tmp_path: Path):
    texts = [f"a: {number}\n" for number in range(8)]
    for text in texts:
        parsed = Counting(tmp_path)
        parsed.once(text)
        parsed.table.save()
    last = Counting(tmp_path)
    for text in texts:
        last.once(text)
    assert last.read == texts[:4]


def test_who_has_another_key_reads_all(tmp_path: Path):
    first = Counting(tmp_path)
    first.once("a: 1\n")
    first.table.save()
    other = Counting(tmp_path, bytes(range(32)))
    other.once("a: 1\n")
    assert other.read == ["a: 1\n"]


def test_a_compile_gives_the_same_with_what_was_kept(tmp_path: Path):
    alone = compiled(None, FILES)
    for _ in range(3):
        found = compiled(table(tmp_path), FILES)
        assert (found.values, found.secrets) == (alone.values, alone.secrets)
        assert (found.layers, found.files) == (alone.layers, alone.files)
        assert trace(found, "web:port") == trace(alone, "web:port")
    assert b"s3cr3t" not in (tmp_path / "made").read_bytes()


def test_the_line_is_that_of_this_render_though_the_text_is_the_same(tmp_path: Path):
    text = "{% if grains.os == 'Debian' %}\nx: 1\n{% else %}\nx: 1\n{% endif %}\n"
    lines: list[int] = []
    for system in ("Debian", "RedHat", "Debian"):
        found = compiled(table(tmp_path), {"a.sls": text}, system)
        lines += [row.place.line for row in trace(found, "x")]
    assert lines == [2, 4, 2]
