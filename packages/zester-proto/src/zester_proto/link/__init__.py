"""The one way onto the bus: a NATS connection that never gives up, and what is stored behind it."""

from zester_proto.link.errors import (
    AlreadyThere,
    AuthDenied,
    AuthExpired,
    AuthRevoked,
    BadReply,
    Disconnected,
    LinkError,
    LinkTimeout,
    NoResponders,
    NotNats,
    NotTls,
    OddNonce,
    PermissionDenied,
    StoreFull,
    StoreRefused,
    TooLarge,
    Unreachable,
    WrongCa,
    WrongRevision,
)
from zester_proto.link.link import NatsLink
from zester_proto.link.options import LinkOptions, Message
from zester_proto.link.subscription import Subscription

__all__ = [
    "AlreadyThere",
    "AuthDenied",
    "AuthExpired",
    "AuthRevoked",
    "BadReply",
    "Disconnected",
    "LinkError",
    "LinkOptions",
    "LinkTimeout",
    "Message",
    "NatsLink",
    "NoResponders",
    "NotNats",
    "NotTls",
    "OddNonce",
    "PermissionDenied",
    "StoreFull",
    "StoreRefused",
    "Subscription",
    "TooLarge",
    "Unreachable",
    "WrongCa",
    "WrongRevision",
]
