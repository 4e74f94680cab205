"""Whole processes of the command, as an operator's clock sees them."""

from bench.figures import line, timed_process
from bench.fleet import SCRIPTS, fleet

ZESTER = SCRIPTS / "zester"


def run() -> None:
    """Measure `--version`, `--help` and the first commands on five idle peels."""
    line("zester --version", timed_process([ZESTER, "--version"], 11), "s", aim="0.06")
    line("zester --help", timed_process([ZESTER, "--help"], 11), "s", aim="0.20")
    with fleet(5) as site:
        env = site.environment
        for words, aim in (
            (["*", "test.ping"], "0.30 (Salt: 1.37 with one minion, 2.90 with ten)"),
            (["*", "test.ping", "--output", "json"], ""),
            (["*", "cmd.run", "echo hi"], "(Salt: 1.47 with one, 2.68 with ten)"),
            (["*", "test.echo", "hi"], ""),
            (["facts", "query", "*", "os"], ""),
        ):
            samples = timed_process([ZESTER, *words], 11, env=env)
            line(
                "zester " + " ".join(f"'{w}'" if w == "*" else w for w in words),
                samples,
                "s",
                aim=aim,
            )
