"""Which service manager a machine has."""

from zester_modules.host.machine import HostProblem, Services
from zester_modules.host.packages.manager import Hands


def detect(hands: Hands) -> Services:
    """Give the service manager that runs a machine.

    Raises:
        HostProblem: none that we know does.
    """
    if hands.stat("/run/systemd/system") is not None:
        from zester_modules.host.services.systemd import Systemd  # noqa: PLC0415  # the one needed

        return Systemd(hands)
    if hands.stat("/etc/init.d") is not None:
        from zester_modules.host.services.sysv import SysV  # noqa: PLC0415  # the same

        return SysV(hands)
    raise HostProblem(
        "no service manager of this host is known",
        hint="neither does systemd run, nor is there /etc/init.d",
    )
