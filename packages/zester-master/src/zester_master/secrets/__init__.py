"""The secret store of a site: kept, read from sources, and handed to settings and jobs."""
