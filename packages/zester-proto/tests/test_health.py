from zester_proto.health import Check, Condition, Health, uptime_text
from zester_proto.metrics import Registry
from zester_proto.secrets.masker import Masker


def test_all_is_well_until_a_condition_or_check_says_otherwise():
    now = [0.0]
    health = Health("0.1.0", clock=lambda: now[0])
    health.check("nats", lambda: Check(ok=True, detail={"latency_ms": 1}))
    now[0] = 87_330

    assert health.ready() == (
        True,
        {
            "status": "ok",
            "checks": {"nats": {"status": "ok", "latency_ms": 1}},
            "conditions": [],
            "version": "0.1.0",
            "uptime": "24h15m30s",
        },
    )
    assert health.live() == (True, {"status": "ok", "version": "0.1.0", "uptime": "24h15m30s"})


def test_a_warning_is_shown_and_an_error_makes_it_not_ready():
    health = Health("1")
    health.set(Condition("clock-off", "warning", "the clock is 40 s off", "run chrony"))
    good, body = health.ready()
    assert good
    assert body["status"] == "ok"
    assert body["conditions"] == [
        {"code": "clock-off", "severity": "warning", "text": "the clock is 40 s off",
         "remedy": "run chrony"},
    ]  # fmt: skip

    health.set(Condition("bus-unreachable", "error", "no bus", "start it"))
    good, body = health.ready()
    assert not good
    assert body["status"] == "degraded"
    assert [one["code"] for one in body["conditions"]] == ["bus-unreachable", "clock-off"]
    assert health.live()[0], "a daemon without a bus lives all the same"

    health.clear("bus-unreachable")
    health.clear("never-set")
    assert health.ready()[0]


def test_a_check_that_raises_is_not_ok_and_ends_nothing():
    health = Health("1")
    health.check("disk", lambda: 1 / 0)  # pyright: ignore[reportArgumentType]

    good, body = health.ready()
    assert not good
    assert body["checks"] == {"disk": {"status": "error", "error": "division by zero"}}


def test_conditions_are_a_metric_that_goes_when_they_go():
    registry = Registry()
    health = Health("1", registry)
    health.set(Condition("a", "warning", "x"))
    health.set(Condition("a", "error", "worse"))
    assert 'zester_condition{code="a",severity="error"} 1' in registry.render()
    assert "warning" not in registry.render()

    health.clear("a")
    assert 'code="a"' not in registry.render()


def test_an_uptime_reads_as_in_the_runbook():
    assert [uptime_text(s) for s in (0, 59.9, 61, 3600, 87_330)] == [
        "0s", "59s", "1m1s", "1h0m0s", "24h15m30s",
    ]  # fmt: skip


def test_conditions_and_checks_say_no_secret():
    health = Health("1", masker=Masker(["hunter-22"]))
    health.set(Condition("a", "warning", "no login as hunter-22", "change hunter-22"))
    health.check("b", lambda: Check(ok=False, detail={"error": ["hunter-22"]}))

    assert health.conditions() == [Condition("a", "warning", "no login as ***", "change ***")]
    assert "hunter-22" not in repr(health.ready())
