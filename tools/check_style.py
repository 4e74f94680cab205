"""Holds the house rules that no linter knows; CONTRIBUTING.md numbers them."""

import argparse
import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES = 500
FUNCTION_LINES = 60

# Folders that many machines have: a checkout right below one is named whole, not by them.
COMMON = [Path(name) for name in ("/", "/home", "/mnt", "/opt", "/root", "/srv", "/tmp")]
# Homes of people, wherever they work; put together here so as not to match themselves.
HOMES = ("/" + r"root/[.\w]", "/" + r"home/\w+/")
# The addresses under which packages are served.
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("deb", "debian", "org"),
        ("crates", "io"),
    )
)

# The end of a sentence before another one.
TWO_SENTENCES = re.compile(r"[.!?]\s+[A-Z]")


def main() -> int:
    """Print every breach, one a line; return 1 if there is one."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    breaches = [*check_python(), *check_texts(), *check_versions(), *check_decisions(ROOT)]
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


def tracked() -> list[Path]:
    """Return every file that is committed, or new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for name in listing.split("\0") if name and (path := ROOT / name).is_file()]


def check_python() -> Iterator[str]:
    """Rules 1 to 3: the length of files and functions, and the sentence at a file's top."""
    for path in tracked():
        if path.suffix == ".py":
            name = path.relative_to(ROOT)
            yield from (f"{name}{breach}" for breach in source_breaches(path.read_text(), name))


def source_breaches(source: str, name: Path) -> Iterator[str]:
    """Yield what one file breaks, as ":LINE: TEXT"."""
    lines = len(source.splitlines())
    if lines > FILE_LINES:
        yield f":{FILE_LINES}: the file has {lines} lines, {FILE_LINES} is the cap (rule 1)"
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                cap = f"{FUNCTION_LINES} is the cap (rule 2)"
                yield f":{node.lineno}: {node.name} has {length} lines, {cap}"
    if "tests" not in name.parts and name.parts[0] != "tests-integration":
        yield from docstring_breaches(ast.get_docstring(tree))


def docstring_breaches(text: str | None) -> Iterator[str]:
    """Yield what is wrong with the docstring of a file; paragraphs below its sentence are free."""
    if not text:
        yield ":1: no sentence says what the file is (rule 3)"
        return
    first = text.partition("\n\n")[0]
    if not first.endswith((".", "!", "?")) or "\n" in first or TWO_SENTENCES.search(first):
        yield ":1: the file does not open with one sentence on one line (rule 3)"


def check_texts() -> Iterator[str]:
    """Rules 4 and 5: no path of a machine and no registry's address in any text."""
    pattern = forbidden_texts(ROOT)
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if found := pattern.search(line):
                name = path.relative_to(ROOT)
                yield f"{name}:{number}: {found[0]!r} names a machine (rules 4, 5)"


def forbidden_texts(root: Path) -> re.Pattern[str]:
    """Return what no committed text may hold, for a checkout at `root`."""
    here = root if root.parent in COMMON else root.parent
    texts = [f"{here}/", *REGISTRIES]
    return re.compile("|".join([*map(re.escape, texts), *HOMES]))


def check_versions() -> Iterator[str]:
    """Rule 6: a package says one version in its pyproject, its code and its changelog."""
    for folder in sorted((ROOT / "packages").iterdir()):
        versions = versions_of(folder)
        if len(set(versions.values())) != 1:
            said = ", ".join(f"{place} {version}" for place, version in versions.items())
            yield f"packages/{folder.name}: versions differ: {said} (rule 6)"


def versions_of(folder: Path) -> dict[str, str | None]:
    """Return the version of a package by the place that says it."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    module = folder / "src" / folder.name.replace("-", "_") / "__init__.py"
    code = re.search(r'^__version__(?:: Final)? = "(.+)"$', module.read_text(), re.MULTILINE)
    change = re.search(r"^## (\S+)", (folder / "CHANGELOG.md").read_text(), re.MULTILINE)
    return {
        "pyproject.toml": project["version"],
        "__version__": code and code[1],
        "CHANGELOG.md": change and change[1],
    }


def check_decisions(root: Path) -> Iterator[str]:
    """Rule 7: the index names every decision, and no number is used twice."""
    folder = root / "docs" / "decisions"
    index = (folder / "README.md").read_text()
    seen: set[str] = set()
    for page in sorted(folder.glob("[0-9]*.md")):
        number = page.name.partition("-")[0]
        if f"]({page.name})" not in index:
            yield f"docs/decisions/README.md: {page.name} is not in the index (rule 7)"
        if number in seen:
            yield f"docs/decisions/{page.name}: the number {number} is taken (rule 7)"
        seen.add(number)


if __name__ == "__main__":
    sys.exit(main())
