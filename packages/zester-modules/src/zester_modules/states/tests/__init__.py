"""Tests of a state tree: fixtures in YAML, plans on a made-up host, runs on a throw-away root."""
