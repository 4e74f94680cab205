"""What 100 peels that apply states at the same time cost their master.

The peels are simulated (bench.swarm), as a hundred nurseries on one machine would measure that
machine: each returns what a real run of 100 file.managed answered on this host, of real size, at a
moment of its own within SECONDS. The master, the bus and the operator's command are real.
"""

import socket
import tempfile
from pathlib import Path

from bench.figures import line
from bench.states import TEMPLATE, states_of
from bench.swarm.stage import Stage
from zester_modules.call import call
from zester_modules.states.trees import Trees
from zester_proto.codec import pack

PEELS = 100
ROUNDS = 5
SECONDS = 10.0
"""The runs end within this."""


def run() -> None:
    """Print the master's processor time, and which part of a core that is."""
    with tempfile.TemporaryDirectory(prefix="bench-applies-") as name:
        answer = Path(name) / "answer"
        answer.write_bytes(_answer(Path(name)))
        print(f"{PEELS} simulated peels, {answer.stat().st_size} bytes of answer from each")
        seconds: list[float] = []
        cores: list[float] = []
        with Stage.up(PEELS) as stage:
            for number in range(ROUNDS + 1):  # the first is not counted
                before = stage.spent()
                ran = stage.run("state.apply", str(answer), SECONDS)
                spent = stage.spent().since(before)
                if number:
                    seconds.append(spent.master)
                    cores.append(100 * spent.master / (ran.shown - ran.asked))
    line("processor time of the master, one run", seconds, "s")
    line("the same, of a core over the run", cores, "%", aim="< 5")


def _answer(folder: Path) -> bytes:
    """Give what a real run that makes all files answers."""
    (folder / "tree").mkdir()
    (folder / "out").mkdir()
    (folder / "tree" / "files.sls").write_text(states_of(folder))
    (folder / "tree" / "source.jinja").write_text(TEMPLATE.replace("pillar['port']", "80"))
    done = call(
        "state.apply", ["files"], facts={"id": socket.gethostname(), "os": "debian"},
        trees=Trees(states={"base": (str(folder / "tree"),)}),
    )  # fmt: skip
    if done.outcome != "changed":
        raise SystemExit(f"state.apply failed: {done.error}")
    return pack(done.value)
