"""The law of resources, held on a whole host: what `resource_law` says, of systemd and apt too."""

import json
from typing import Any

from hosts.host import Host
from hosts.upper import differences

PYTHON = "/opt/zester/bin/python"

OURS = ("/var/cache/zester", "/tmp", "/run")  # names, nothing is written there
LOUD = ("/var/log", "/var/lib/systemd", "/var/lib/private")
"""What a host writes by itself."""

_DRIVER = """
import json, logging, sys, tempfile
from pathlib import Path
from zester_modules.host.predicted import PredictedMachine
from zester_modules.host.real.machine import RealMachine
from zester_modules.params import fit
from zester_modules.resource import Scope
from zester_modules.states.resources_table import Resources
from zester_proto.errors import ZesterError

order = json.load(sys.stdin)
folder = Path(tempfile.mkdtemp())
real = RealMachine(folder)

class Sources:
    def fetch(self, source, *, digest="", env=""):
        return Path(source) if Path(source).exists() else None
    def below(self, folder, *, env=""):
        return None

class Calls:
    def __call__(self, name, /, *args, **kwargs):
        raise ZesterError(f"there is no function {name}")
    change = __call__

def scope(machine):
    return Scope(machine=machine, id="it", facts={}, settings={}, sources=Sources(),
                 render=lambda text, **_: text, call=Calls(), folder=folder,
                 backups=folder / "backups", remaining=lambda: None)

def leaves(found):
    return [[one.path, one.before, one.after] for one in found.leaves]

resource = Resources(third_parties=None).find(order["resource"])
fitted = fit(resource, order["name"], order["given"])
if fitted.params is None or fitted.problems:
    raise SystemExit(str(fitted.problems))
said = {}
try:
    if order["stage"] == "check":
        plan = resource.check(fitted.params, scope(real))
        dry = PredictedMachine(real)
        dry.history.turn("it")
        foretold = resource.check(fitted.params, scope(dry))
        said = {"planned": leaves(plan), "foretold": leaves(foretold), "comment": plan.comment,
                "warnings": list(plan.warnings)}
        if foretold.leaves:
            said["applied dry"] = leaves(resource.apply(foretold, scope(dry)))
    else:
        make = resource.react if order["stage"] == "react" else resource.check
        plan = make(fitted.params, scope(real))
        done = resource.apply(plan, scope(real))
        said = {"applied": leaves(done), "failed": done.failed, "hint": done.hint,
                "again": leaves(resource.check(fitted.params, scope(RealMachine(folder))))}
except ZesterError as error:
    said = {"error": error.message}
print(json.dumps(said))
"""


def on_host(host: Host, stage: str, resource: str, name: str, **given: Any) -> dict[str, Any]:
    """Do one stage (`check`, `apply`, `react`) of a resource on a host, and give what it said."""
    order = {"stage": stage, "resource": resource, "name": name, "given": given}
    done = host.run([PYTHON, "-c", _DRIVER], stdin=json.dumps(order), timeout=300)
    answer: dict[str, Any] = json.loads(done.check().out)
    return answer


def hold_on(host: Host, resource: str, name: str, **given: Any) -> list[tuple[str, Any, Any]]:
    """Hold a convergent resource to the law on a host, and give the leaves that it changed."""
    before = host.written()
    plan = on_host(host, "check", resource, name, **given)
    assert "error" not in plan, plan["error"]
    # the host itself writes times of folders now and then, a check must write nothing at all
    written = {
        path: how
        for path, how in differences(before, host.written(), times=False).items()
        if not path.startswith((*OURS, *LOUD)) and path not in {"/var/cache", "/var"}
    }
    assert written == {}, "check has written to the host"
    assert plan["planned"] == plan["foretold"], "a dry run plans other leaves"
    if not plan["planned"]:
        return []
    assert plan["applied dry"] == plan["planned"], "other leaves were foretold than planned"
    done = on_host(host, "apply", resource, name, **given)
    assert "error" not in done, done["error"]
    assert not done["failed"], done["failed"]
    assert done["applied"] == plan["planned"], "other leaves were changed than planned"
    assert done["again"] == [], "after apply there is still something to do"
    return [(path, was, now) for path, was, now in done["applied"]]


def refused(host: Host, resource: str, name: str, **given: Any) -> str:
    """Give why a resource cannot be had on a host; "" if it can."""
    return str(on_host(host, "check", resource, name, **given).get("error", ""))
