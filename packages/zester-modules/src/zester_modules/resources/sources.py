"""What states fetch from elsewhere: its text, and the error where it is not there."""

from zester_modules.host.address import advice, shown
from zester_modules.host.machine import HostProblem


def missing(*sources: str) -> HostProblem:
    """Give the error for sources of which none is there: what they are, and where to look."""
    on_web = [one for one in sources if one.startswith(("http://", "https://"))]
    if on_web:
        hint = f"the server says that it has none. {advice(404)}"
    elif all(one.startswith(("/", "file://")) for one in sources):
        hint = "that is a path of this host; a file of the tree is written salt://PATH"
    else:
        hint = "cp.list_master shows which files the tree has"
    what = "there is no source" if len(sources) == 1 else "none of the sources is there:"
    names = ", ".join(shown(one) if one in on_web else one for one in sources)
    return HostProblem(f"{what} {names}", hint=hint)


def text_of(data: bytes, source: str) -> str:
    """Give the text of what came from a source.

    Raises:
        HostProblem: it is none.
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise HostProblem(
            f"{source} is no UTF-8 text: {error}", hint="is that the file that was meant?"
        ) from error
