"""Renders made-up settings, so that processes which are forked afterwards have done it before.

What is made at first use (decoders, patterns, signatures, code that Python has made quicker) lies
then in memory that they share; else each makes it anew, which is a quarter of what it renders in.
"""

import contextlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from zester_modules.context import Context
from zester_modules.registry import Registry
from zester_modules.states import sealed_settings
from zester_modules.states.trees import SealedSettings
from zester_proto.codec import digest
from zester_proto.identity.sealing import seal_with
from zester_proto.messages.settings import SettingsBundle, SettingsEntry, SettingsFile, file_aad

_SITE: Final = "rehearsal"
_KEY: Final = bytes(32)
_FILES: Final = {
    "plain": "web:\n  port: 80\n  names: [a, 'b']\n  on: yes\n",
    "made": """\
{% set family = salt['grains.filter_by']({'debian': 'd', 'redhat': 'r'}) %}
{% from 'map.jinja' import map with context %}
made:
  id: {{ grains['id'] }}-{{ family }}
  port: {{ salt['pillar.get']('web:port', 8080) + map.more }}
  names: {{ pillar.web.names | default([]) | join(',') }}
{% for n in range(3) %}  n{{ n }}: {{ salt['grains.get']('os') ~ n }}
{% endfor %}  {% if grains.os == 'debian' %}password: {{ secret('pw') }}{% endif %}
""",
}
_MAP: Final = "{% set map = {'more': 1} %}\n"


def rehearse(registry: Registry) -> bool:
    """Render twice, as a first job would and as the next ones do, and take what was rendered.

    It takes 10 ms, in a folder that is gone afterwards. Where there is none to write to, or
    something else goes wrong, nothing is lost but speed: a job that renders says what it is.

    Args:
        registry: has the functions that settings call most.

    Returns:
        Whether it came to its end.
    """
    with contextlib.suppress(Exception), TemporaryDirectory(prefix="zester-") as name:
        folder = Path(name)
        sealed = _sealed(folder / "files")
        context = Context(
            registry=registry, peel_id=_SITE,
            facts={"id": _SITE, "os": "debian", "os_family": "debian"},
        )  # fmt: skip
        for whole in (True, True, False):
            sealed_settings.compiled(sealed, context, whole=whole)
        return True
    return False


def _sealed(folder: Path) -> SealedSettings:
    folder.mkdir()
    texts = {f"{name}.sls": text for name, text in _FILES.items()} | {"map.jinja": _MAP}
    files: list[SettingsFile] = []
    for path, text in texts.items():
        data = seal_with(_KEY, file_aad(_SITE, path), text.encode())
        (folder / path).write_bytes(data)
        files.append(
            SettingsFile(env="base", path=path, stored=path, digest=digest(data), key=_KEY)
        )
    bundle = SettingsBundle(
        site=_SITE, peel=_SITE, recipient="", generation=1, issued=0.0,
        entries=tuple(SettingsEntry("base", name) for name in _FILES), files=tuple(files),
        secrets={"pw": "of a rehearsal"},
    )  # fmt: skip
    return SealedSettings(bundle=bundle, folder=str(folder))
