"""Layers above the base root: zester-peel with what it needs, and packages that a test asks for.

A change of our code makes one small new layer; the ones below stay.
"""

import configparser
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hosts.apt import machine_sources, sources_text, transport_text
from hosts.base import SUITE, base_root
from hosts.cache import built, digest_of
from hosts.errors import HostsError
from hosts.root import Root

CHECKOUT: Final = Path(__file__).resolve().parents[2]
UV: Final = CHECKOUT / ".tools" / "uv" / "bin" / "uv"
OURS: Final = ("zester-proto", "zester-modules", "zester-peel")
HOME: Final = "opt/zester"
_RECIPE: Final = "1"

_UNIT: Final = """\
[Unit]
Description=Zester Peel
After=network-online.target

[Service]
ExecStart=/usr/bin/zester-peel run
Restart=on-failure
RestartSec=1s
KillMode=mixed

[Install]
WantedBy=multi-user.target
"""
_SCRIPT: Final = """\
#!/{home}/bin/python
import sys
from {module} import {function}
sys.exit({function}())
"""
_VENV: Final = "home = /usr/bin\ninclude-system-site-packages = false\nversion = {version}\n"


def plain_layers() -> list[Path]:
    """Give the layers of a host with Debian alone.

    Raises:
        HostsError: they cannot be built.
    """
    return [base_root()]


def zester_layers(*packages: str) -> list[Path]:
    """Give the layers of a host that has zester-peel of this checkout, the topmost first.

    Args:
        packages: what else it has of Debian; see `with_packages`.

    Raises:
        HostsError: they cannot be built.
    """
    plain = plain_layers()
    below = with_packages(plain, *packages) if packages else plain
    base, needed = plain[-1], _needed()
    about = (_RECIPE, base.name, needed)
    needs = built("needs", digest_of(about), lambda folder: _install_needs(base, folder, needed))
    files = [part for file in _sources() for part in (_name(file), file.read_bytes())]
    digest = digest_of((*about, *files))
    ours = built("zester", digest, lambda folder: _install_ours([needs, base], folder))
    return [ours, needs, *below]


def with_packages(layers: list[Path], *names: str) -> list[Path]:
    """Give layers with more Debian packages on top, installed once and then kept.

    Args:
        layers: the ones below; those that change seldom, so best `plain_layers()`.
        names: of the packages.

    Raises:
        HostsError: apt failed.
    """
    digest = digest_of((*(layer.name for layer in layers), *sorted(names)))
    return [built("packages", digest, lambda folder: _install_debs(layers, folder, names)), *layers]


def _sources() -> Iterator[Path]:
    for name in OURS:
        package = CHECKOUT / "packages" / name
        yield package / "pyproject.toml"
        yield from sorted(
            file
            for file in (package / "src").rglob("*")
            if file.is_file() and "__pycache__" not in file.parts
        )


def _name(file: Path) -> str:
    return str(file.relative_to(CHECKOUT))


def _uv(*words: str | Path) -> str:
    done = subprocess.run(
        [UV, "--quiet", *words], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise HostsError(f"uv {words[0]} failed: {done.stderr.strip()}")
    return done.stdout


def _needed() -> str:
    scope = ("--frozen", "--package", "zester-peel", "--no-default-groups", "--no-emit-workspace")
    return _uv("export", *scope, "--no-header", "--no-annotate")


def _site_of(base: Path) -> tuple[str, str]:
    """Give the version of the base's python3, and where our packages lie below a layer."""
    version = (base / "usr/bin/python3").readlink().name.removeprefix("python")
    return version, f"{HOME}/lib/python{version}/site-packages"


def _install(base: Path, folder: Path, *words: str | Path) -> None:
    version, site = _site_of(base)
    target = ("--target", folder / site, "--python-version", version, "--link-mode", "copy")
    _uv("pip", "install", *target, *words)


def _install_needs(base: Path, folder: Path, needed: str) -> None:
    wanted = folder.with_name("needs.txt")
    wanted.write_text(needed)
    _install(base, folder, "--require-hashes", "--requirement", wanted)
    _compile([base], folder)


def _install_ours(below: list[Path], folder: Path) -> None:
    base = below[-1]
    _install(base, folder, "--no-deps", *(CHECKOUT / "packages" / name for name in OURS))
    version, site = _site_of(base)
    bin_folder, commands = folder / HOME / "bin", folder / "usr/bin"
    bin_folder.mkdir(parents=True)
    commands.mkdir(parents=True)
    (bin_folder / "python").symlink_to("/usr/bin/python3")
    (folder / HOME / "pyvenv.cfg").write_text(_VENV.format(version=version))
    for name, module, function in _scripts(folder / site):
        script = bin_folder / name
        script.write_text(_SCRIPT.format(home=HOME, module=module, function=function))
        script.chmod(0o755)
        (commands / name).symlink_to(f"/{HOME}/bin/{name}")
    unit = folder / "usr/lib/systemd/system/zester-peel.service"
    unit.parent.mkdir(parents=True)
    unit.write_text(_UNIT)
    _compile(below, folder)


def _scripts(site: Path) -> Iterator[tuple[str, str, str]]:
    for file in sorted(site.glob("zester_*.dist-info/entry_points.txt")):
        parser = configparser.ConfigParser(delimiters=("=",))
        parser.read(file)
        if parser.has_section("console_scripts"):
            for name, place in parser.items("console_scripts"):
                module, _, function = place.partition(":")
                yield name, module.strip(), function.strip()


def _compile(below: list[Path], folder: Path) -> None:
    """Compile with the hosts' own python3, so that no host has to, nor writes what it compiled."""
    with Root.up(below, folder.with_name(f"{folder.name}.compile"), upper=folder) as root:
        root.run(["python3", "-m", "compileall", "-q", f"/{HOME}"], timeout=120).check()


def _install_debs(below: list[Path], folder: Path, names: tuple[str, ...]) -> None:
    with Root.up(below, folder.with_name(f"{folder.name}.apt"), upper=folder) as root:
        give_archives(root.path)
        # Where nothing was booted, no package shall start its service.
        policy = root.path / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "--yes", "--no-install-recommends", *names]):
            root.run(["apt-get", "-qq", *words], env=quiet, timeout=600).check()
        root.run(["apt-get", "clean"]).check()
        policy.unlink()


def give_archives(root: Path) -> None:
    """Give a root what apt needs to fetch packages as this machine does.

    Raises:
        HostsError: this machine knows no archive of Debian.
    """
    apt = root / "etc/apt"
    (apt / "sources.list").write_text(sources_text(machine_sources(), SUITE))
    (apt / "apt.conf.d/90machine").write_text(transport_text())
    resolv = root / "etc/resolv.conf"
    resolv.unlink(missing_ok=True)
    resolv.write_text(Path("/etc/resolv.conf").read_text())
