import math
import re

import pytest

from zester_proto.metrics import MAX_SERIES, Registry

PAIR = r'[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"'
LINE = re.compile(rf"[a-z_]+(\{{{PAIR}(,{PAIR})*\}})? [-+]?([0-9.e+-]+|Inf|NaN)")


def test_counters_gauges_and_histograms_are_shown_as_prometheus_reads_them():
    registry = Registry()
    jobs = registry.counter("zester_jobs_total", "Jobs\ndispatched", ("status",))
    jobs.inc(status="ok")
    jobs.inc(2.5, status='a"b\\c\nd')
    peels = registry.gauge("zester_connected_peels", "Connected peels")
    peels.set(5)
    peels.inc(-1)
    registry.gauge("zester_uptime_seconds", "Uptime", read=lambda: 1.25)
    took = registry.histogram("zester_seconds", "Duration", bounds=(0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 7):
        took.observe(value)

    assert registry.render().splitlines() == [
        "# HELP zester_jobs_total Jobs\\ndispatched",
        "# TYPE zester_jobs_total counter",
        'zester_jobs_total{status="ok"} 1',
        'zester_jobs_total{status="a\\"b\\\\c\\nd"} 2.5',
        "# HELP zester_connected_peels Connected peels",
        "# TYPE zester_connected_peels gauge",
        "zester_connected_peels 4",
        "# HELP zester_uptime_seconds Uptime",
        "# TYPE zester_uptime_seconds gauge",
        "zester_uptime_seconds 1.25",
        "# HELP zester_seconds Duration",
        "# TYPE zester_seconds histogram",
        'zester_seconds_bucket{le="0.1"} 2',
        'zester_seconds_bucket{le="1"} 3',
        'zester_seconds_bucket{le="+Inf"} 4',
        "zester_seconds_sum 7.65",
        "zester_seconds_count 4",
    ]
    for line in registry.render().splitlines():
        assert line.startswith("#") or LINE.fullmatch(line), line


def test_a_counter_without_labels_is_there_from_the_start():
    registry = Registry()
    registry.counter("a_total", "A")
    registry.histogram("b", "B", bounds=(1,))

    assert "a_total 0" in registry.render()
    assert 'b_bucket{le="+Inf"} 0' in registry.render()
    assert registry.names() == ["a_total", "b"]


def test_odd_numbers_are_written_as_prometheus_wants():
    registry = Registry()
    gauge = registry.gauge("g", "G", ("n",))
    for value in (math.inf, -math.inf, math.nan, 1e20, -3, 0.1):
        gauge.set(value, n=str(value))

    shown = [line.split()[-1] for line in registry.render().splitlines()[2:]]
    assert shown == ["+Inf", "-Inf", "NaN", "1e+20", "-3", "0.1"]


def test_a_counter_never_falls_and_labels_are_checked():
    registry = Registry()
    counter = registry.counter("a_total", "A", ("x",))

    with pytest.raises(ValueError, match="only rises"):
        counter.inc(-1, x="1")
    with pytest.raises(ValueError, match="has the labels"):
        counter.inc(y="1")
    with pytest.raises(ValueError, match="exists already"):
        registry.gauge("a_total", "A")


def test_a_label_that_grows_with_the_fleet_ends_in_other():
    registry = Registry()
    counter = registry.counter("a_total", "A", ("peel",))
    for number in range(MAX_SERIES + 50):
        counter.inc(peel=str(number))

    assert counter.value(peel="other") == 50
    assert counter.value(peel="7") == 1
    assert len(list(counter.samples())) == MAX_SERIES + 1


def test_a_series_can_be_forgotten_and_a_block_timed():
    registry = Registry()
    gauge = registry.gauge("g", "G", ("n",))
    gauge.set(1, n="a")
    gauge.remove(n="a")
    assert list(gauge.samples()) == []

    times = iter([1.0, 3.5])
    histogram = registry.histogram("h", "H", ("fn",), bounds=(1, 5))
    with pytest.raises(ZeroDivisionError), histogram.time(lambda: next(times), fn="x"):
        _ = 1 / 0
    assert 'h_sum{fn="x"} 2.5' in registry.render()
