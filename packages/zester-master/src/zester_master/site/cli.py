"""The commands that make and change a site: init, add-master, operator add, peel add and revoke.

`add_parsers` gives them to the parser of `zester-master`; each sets `handler`, which takes the
parsed arguments, prints for people, gives the exit code, and lets ZesterError through.
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path
from typing import Final, Protocol

from zester_master.site.layout import OfflinePaths, SitePaths
from zester_proto.errors import ZesterError
from zester_proto.permissions import OPERATOR_ROLES, Role

AUTH_FOLDERS: Final = (Path("/data/auth"), Path("/var/lib/zester/auth"))
"""Where a master's auth folder lies, unless it is named."""


class Subparsers(Protocol):
    """What `argparse` gives for commands."""

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser:  # noqa: A002
        """Add a command; the parameter's name is argparse's."""
        ...


def add_parsers(commands: Subparsers) -> None:
    """Add the commands of this module to the parser of `zester-master`."""
    _add_init(commands.add_parser("init", help="make a new site"))
    _add_add_master(commands.add_parser("add-master", help="make the keys of one more master"))
    operator = commands.add_parser("operator", help="operators of the site")
    _add_operator_add(
        operator.add_subparsers(required=True, metavar="COMMAND").add_parser(
            "add", help="make the keys of one more operator"
        )
    )
    peel = commands.add_parser("peel", help="peels of the site")
    peels = peel.add_subparsers(required=True, metavar="COMMAND")
    _add_peel_add(
        peels.add_parser("add", help="admit a peel by the line that `zester-peel keys` printed")
    )
    _add_peel_revoke(
        peels.add_parser("revoke", help="let a peel in no more; its keys are never used again")
    )


def _add_init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dir", type=Path, required=True, help="a new or empty folder")
    parser.add_argument("--site-name", default="zester", help="for people alone")
    parser.add_argument(
        "--hosts",
        default="localhost,127.0.0.1,::1",
        help="names and addresses of the nats-server, by commas; clients use the first",
    )
    parser.add_argument("--listen", default="0.0.0.0", help="address of the nats-server")
    parser.add_argument("--client-port", type=int, default=4222)
    parser.add_argument("--monitor-port", type=int, default=8222, help="on loopback")
    parser.add_argument("--nats-url", default="", help="default: tls://FIRST-HOST:CLIENT-PORT")
    parser.add_argument("--master", default="master-1", help="name of the first master")
    parser.add_argument("--operator", default="admin", help="name of the first operator")
    parser.add_argument("--store-dir", type=Path, help="for JetStream; default: DIR/nats")
    parser.set_defaults(handler=run_init)


def _add_add_master(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    _add_site(parser)
    _add_keys(parser)
    parser.add_argument("--out", type=Path, help="its auth folder; default: DIR/masters/NAME")
    parser.add_argument(
        "--no-issuer", action="store_true", help="it may not sign or push account JWTs"
    )
    parser.set_defaults(handler=run_add_master)


def _add_operator_add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--role", choices=[str(role) for role in OPERATOR_ROLES], required=True)
    _add_site(parser)
    _add_keys(parser)
    parser.add_argument("--out", type=Path, help="its folder; default: DIR/operators/NAME")
    parser.set_defaults(handler=run_operator_add)


def _add_peel_add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("line", metavar="LINE", help="`-` reads it; with --with-key an ID")
    parser.add_argument("--out", type=Path, required=True, help="the file for the peel")
    parser.add_argument("--id", default="", help="refuse a line for any other id")
    parser.add_argument("--nats-url", default="", help="how this peel reaches the bus")
    parser.add_argument(
        "--with-key",
        action="store_true",
        help="make the peel's keys here, for tests and containers; --out is its auth folder",
    )
    _add_site(parser)
    parser.set_defaults(handler=run_peel_add)


def _add_peel_revoke(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("peel", metavar="PEEL")
    parser.add_argument("--why", default="", help="for people: shown beside it, and in the audit")
    parser.add_argument(
        "--unseen", action="store_true", help="also one that was admitted, and never connected"
    )
    parser.add_argument("--config", type=Path, help="file to read; else /etc/zester/master.yaml")
    parser.set_defaults(handler=run_peel_revoke)


def _add_site(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dir", type=Path, help="the site's folder, or the auth folder of a master"
    )


def _add_keys(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keys", type=Path, help="the offline keys; default: DIR/offline")


def _site(arguments: argparse.Namespace) -> Path:
    if arguments.dir is not None:
        return arguments.dir
    for folder in AUTH_FOLDERS:
        if folder.exists():
            return folder
    raise ZesterError(
        f"no auth folder of a master: neither {AUTH_FOLDERS[0]} nor {AUTH_FOLDERS[1]} exists",
        hint="name it with --dir",
    )


def _keys(arguments: argparse.Namespace, folder: Path) -> Path:
    keys = arguments.keys or SitePaths(folder).offline
    if not OfflinePaths(keys).bundle_key.exists():
        raise ZesterError(
            f"the offline keys of the site are not in {keys}",
            hint="bring them for as long as this takes, and name their folder with --keys",
        )
    return keys


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


_MADE: Final = """\
The site {name} ({site}) is made in {root}.

Take {offline} off this machine now, to where two people need to look for it:
  root.key             the site root: signs who may sign; a leak gives away every host
  bundle.key           signs who is a master and who an operator; certified until {until}
  operator.seed        the operator of NATS; accounts/ the identities of its accounts
  ca.key               signs the servers' certificates
Bring it back for `add-master` and `operator add` (--keys DIR), and for new certificates.

The nats-server:  nats-server -c {nats}
The master:       auth_dir {master}
You:              export ZESTER_CONFIG={operator}
"""


def run_init(arguments: argparse.Namespace) -> int:
    """`zester-master init`: make a site and say what goes offline."""
    from zester_master.site.init import (  # noqa: PLC0415  # what only this command needs
        BUNDLE_KEY_LIFE,
        InitOptions,
        init_site,
    )
    from zester_master.site.layout import read_site  # noqa: PLC0415  # as above

    now = time.time()
    options = InitOptions(
        name=arguments.site_name,
        hosts=tuple(host.strip() for host in arguments.hosts.split(",") if host.strip()),
        listen=arguments.listen,
        client_port=arguments.client_port,
        monitor_port=arguments.monitor_port,
        nats_url=arguments.nats_url,
        master=arguments.master,
        operator=arguments.operator,
        store=arguments.store_dir.absolute() if arguments.store_dir else None,
    )
    paths = init_site(arguments.dir, options, now=now)
    until = time.strftime("%Y-%m-%d", time.gmtime(now + BUNDLE_KEY_LIFE))
    text = _MADE.format(
        name=options.name,
        site=read_site(paths.master).site,
        root=paths.root,
        offline=paths.offline,
        until=until,
        nats=paths.nats / "nats-server.conf",
        master=paths.master,
        operator=paths.operators / options.operator / "operator.yaml",
    )
    sys.stdout.write(text)
    return 0


def run_add_master(arguments: argparse.Namespace) -> int:
    """`zester-master add-master NAME`: make one more master and the bundle that names it."""
    from zester_master.site.masters import add_master  # noqa: PLC0415  # as above

    site = _site(arguments)
    keys, out = _keys(arguments, site), arguments.out or site / "masters" / arguments.name
    add_master(site, arguments.name, keys, out, now=time.time(), issuer=not arguments.no_issuer)
    _say(f"Carry {out} to the new master as its auth_dir, and delete it here.")
    _say("Running masters take the new trust bundle from their auth folder.")
    return 0


def run_operator_add(arguments: argparse.Namespace) -> int:
    """`zester-master operator add NAME`: make one more operator and the bundle that names it."""
    from zester_master.site.operators import add_operator  # noqa: PLC0415  # as above

    site = _site(arguments)
    keys, out = _keys(arguments, site), arguments.out or site / "operators" / arguments.name
    add_operator(site, arguments.name, Role(arguments.role), keys, out, now=time.time())
    _say(f"Carry {out} to the workstation of {arguments.name}, and delete it here; there:")
    _say("  export ZESTER_CONFIG=FOLDER/operator.yaml")
    _say("Running masters take the new trust bundle from their auth folder.")
    return 0


def run_peel_add(arguments: argparse.Namespace) -> int:
    """`zester-master peel add LINE`: admit a peel; with --with-key make its keys here."""
    from zester_master.site.peels import Admission  # noqa: PLC0415  # as above
    from zester_proto.files import write_atomic  # noqa: PLC0415  # as above
    from zester_proto.identity.joining import bundle_text  # noqa: PLC0415  # as above

    admission = Admission.load(_site(arguments))
    out: Path = arguments.out
    if arguments.with_key:
        admission.admit_with_key(arguments.line, out, now=time.time(), nats_url=arguments.nats_url)
        _say(f"{out} is the auth folder of {arguments.line}, private keys and all: they were made")
        _say("here instead of on its host. Use this for tests and containers, never for a host.")
        return 0
    line = sys.stdin.readline() if arguments.line == "-" else arguments.line
    bundle = admission.admit(
        line, now=time.time(), peel_id=arguments.id, nats_url=arguments.nats_url
    )
    write_atomic(out, bundle_text(bundle).encode(), 0o644)
    _say(f"{bundle.id} is admitted. Carry {out} to its host, it holds no secret; there:")
    _say(f"  zester-peel join {out.name}")
    return 0


def run_peel_revoke(arguments: argparse.Namespace) -> int:
    """`zester-master peel revoke PEEL`: let a peel in no more; 1 if a server may all the same."""
    from zester_master.config import DEFAULT_FILE, MasterConfig  # noqa: PLC0415  # as above
    from zester_master.site.revoking import PATIENCE, revoke  # noqa: PLC0415  # as above
    from zester_proto.config import load  # noqa: PLC0415  # as above

    config = load(MasterConfig, arguments.config, DEFAULT_FILE).value
    done = asyncio.run(revoke(config, arguments.peel, why=arguments.why, unseen=arguments.unseen))
    nkeys = " ".join(done.record.nkeys) or "none is known yet; what connects in its name is cut off"
    _say(f"{arguments.peel} is revoked: nothing is sealed for it, and nothing it says counts.")
    _say(f"Keys that are never let in again: {nkeys}")
    if done.secrets:
        _say(f"Change what it may have read: {', '.join(done.secrets)}")
        _say("  zester-master secret rotate NAME")
    _say("Literals in its settings (!encrypted, and what is not marked) it has read as well.")
    if not done.in_force:
        _say(f"WARNING: no master told the nats-servers within {PATIENCE:g} s: until one does, it")
        _say("may stay connected. A master that is an issuer must run; zester status says more.")
    return 0 if done.in_force else 1
