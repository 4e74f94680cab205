"""A link's metrics, health check and conditions, under the runbook's names."""

from zester_proto.errors import ZesterError
from zester_proto.health import Check, Condition, Health
from zester_proto.link.link import NatsLink
from zester_proto.metrics import Registry


def observe(link: NatsLink, health: Health, registry: Registry) -> None:
    """Show a link in a daemon's /readyz and /metrics."""
    stats = link.stats
    for name, text, read in (
        ("msgs_published", "NATS messages published", lambda: stats.messages_out),
        ("msgs_received", "NATS messages received", lambda: stats.messages_in),
        ("bytes_published", "Bytes of NATS messages published", lambda: stats.bytes_out),
        ("bytes_received", "Bytes of NATS messages received", lambda: stats.bytes_in),
        ("reconnects", "NATS connections after the first", lambda: stats.reconnects),
        ("denied", "Subjects that the NATS server refused us", lambda: stats.denied),
        ("dropped", "Times that messages were dropped unhandled", lambda: stats.dropped),
        ("handler_errors", "NATS messages whose handler failed", lambda: stats.handler_errors),
    ):
        registry.counter(f"zester_nats_{name}_total", text, read=read)
    health.check("nats", lambda: _check(link))
    shown = ""

    def problem_changed(problem: ZesterError | None) -> None:
        nonlocal shown
        code = getattr(problem, "code", "bus") if problem is not None else ""
        if shown and shown != code:
            health.clear(shown)
        shown = code
        if problem is not None:
            health.set(Condition(code, "error", problem.message, problem.hint))

    link.on_problem(problem_changed)


def _check(link: NatsLink) -> Check:
    if link.connected:
        latency = round(link.latency * 1000, 1)
        return Check(ok=True, detail={"latency_ms": latency, "server": link.server})
    problem = link.problem
    return Check(ok=False, detail={"error": problem.message if problem else "not connected yet"})
