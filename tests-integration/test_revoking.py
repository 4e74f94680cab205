"""A real peel is revoked by the real command, and its host comes back with other keys."""

import asyncio
import shutil
from pathlib import Path

from zester_testing.fleet import SCRIPTS, Done, run
from zester_testing.masters import Master, Operator, eventually
from zester_testing.peels import PEEL, Peel, is_welcome
from zester_testing.site import Bus


async def command(*words: str | Path) -> Done:
    done = await asyncio.to_thread(run, list(words))
    assert done.code == 0, done
    return done


async def test_a_host_that_was_revoked_comes_back_with_other_keys(
    own_bus: Bus, tmp_path: Path
) -> None:
    tree, config = tmp_path / "settings", tmp_path / "master.yaml"
    tree.mkdir()
    (tree / "top.zy").write_text("base:\n  '*': [common]\n")
    (tree / "common.zy").write_text("port: 80\n")
    auth = own_bus.site.paths.master
    config.write_text(f"auth_dir: {auth}\nnats_url: [{own_bus.url}]\nsettings_dir: {tree}\n")
    master = SCRIPTS / "zester-master"
    async with Master.up(own_bus, settings_dir=tree) as here, Operator.up(own_bus) as operator:
        with (
            Peel.up(own_bus, "web-1", tmp_path) as peel,
            Peel.up(own_bus, "web-2", tmp_path) as other,
        ):
            await here.sees("web-1", "web-2")
            await eventually(lambda: len(here.agent.published.bundles) == 2, "both have settings")

            await command(master, "peel", "revoke", "web-1", "--config", config)

            await eventually(
                lambda: "revoked" in peel.conditions().get("bus", ""), "it knows, and says so"
            )
            await eventually(lambda: len(here.agent.published.bundles) == 1, "its bundle is gone")
            assert (await operator.run("*")).outcomes == {"web-2": "ok"}
            assert other.alive
            assert len(other.lines("disconnected")) == 0

            assert peel.stop() == 0
            folder = own_bus.site.peel_folder("web-1")
            shutil.rmtree(folder)
            where = ("--id", "web-1", "--auth-dir", folder)
            line = (await command(PEEL, "keys", *where)).out.strip()
            join = tmp_path / "web-1.join"
            await command(master, "peel", "add", line, "--out", join, "--dir", auth)
            await command(PEEL, "join", join, "--auth-dir", folder)
            with peel.running():
                await here.sees("web-1")
                await is_welcome(peel)
                await eventually(lambda: len(here.agent.published.bundles) == 2, "it has settings")
                told = await operator.run("web-1", "settings.get", "port")
                assert told.outcomes == {"web-1": "ok"}, told.result("web-1").error
                assert told.result("web-1").value == 80
