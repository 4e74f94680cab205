"""The files of a state or settings tree: roots, references, the top file (states.md 1)."""
