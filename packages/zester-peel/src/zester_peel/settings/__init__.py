"""The settings of this peel: fetched, verified, kept, and handed to whoever renders them."""
