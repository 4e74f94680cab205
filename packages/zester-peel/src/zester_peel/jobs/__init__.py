"""A job on one peel, from the message that orders it to the return that the bus has stored."""
