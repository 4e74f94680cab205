"""How trees are written: sandboxed templates, YAML with positions in two dialects, and merging."""
