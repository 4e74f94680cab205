"""http.*: what servers of the web answer."""

from zester_modules.resources.http.query import QUERY, WAIT

__all__ = ["QUERY", "WAIT"]
