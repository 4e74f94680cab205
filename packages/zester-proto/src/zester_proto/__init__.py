"""What the parts of Zester share: messages, subjects, buckets, targets, identity, and the NATS link."""

# The one place of this version at run time; the build checks it against pyproject.toml.
__version__ = "0.1.0"
