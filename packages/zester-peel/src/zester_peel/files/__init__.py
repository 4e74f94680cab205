"""The site's state trees on this host: fetched, verified, kept, and handed to runs."""
