"""The state engine: a tree becomes one ordered list, which is checked, planned and applied."""
