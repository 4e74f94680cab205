"""What a dry run says where it depends on earlier states whether something happens."""

from zester_modules.resource import Leaf, Unknown


def doubtful(leaves: tuple[Leaf, ...], because: tuple[str, ...]) -> tuple[Leaf, ...]:
    """Give leaves of which nobody knows before `because` have run whether they come."""
    return tuple(
        one
        if isinstance(one.after, Unknown)
        else Leaf(path=one.path, before=one.before, after=Unknown(because))
        for one in leaves
    )
