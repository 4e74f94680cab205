"""The Zester agent of a managed host."""

# The one place of this version at run time; the build checks it against pyproject.toml.
__version__ = "0.1.0"
