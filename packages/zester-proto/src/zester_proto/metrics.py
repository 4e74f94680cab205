"""Counters, gauges and histograms of one daemon, and their Prometheus text; nothing is global."""

import math
import time
from bisect import bisect_left
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
MAX_SERIES: Final = 1000
"""Label sets of one metric; a label that grows with the fleet is a mistake, and ends here."""

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Bounds of histograms of durations."""

Labels = tuple[str, ...]
Sample = tuple[str, Labels, tuple[str, ...], float]


class _Metric:
    """What all metrics share: a name, a help text and the names of labels."""

    kind = "untyped"

    def __init__(self, name: str, text: str, labels: Sequence[str] = ()) -> None:
        self.name = name
        self.text = text
        self.labels: Labels = tuple(labels)

    def _key(self, values: dict[str, str], known: Collection[Labels]) -> Labels:
        if values.keys() != set(self.labels):
            raise ValueError(f"{self.name} has the labels {self.labels}, not {tuple(values)}")
        key = tuple(str(values[name]) for name in self.labels)
        if key not in known and len(known) >= MAX_SERIES:
            return ("other",) * len(self.labels)
        return key

    def samples(self) -> Iterator[Sample]:
        """Give (suffix, label names, label values, value) of every series."""
        yield from ()


class Counter(_Metric):
    """A number that only rises; its name ends in `_total`."""

    kind = "counter"

    def __init__(
        self,
        name: str,
        text: str,
        labels: Sequence[str] = (),
        read: Callable[[], float] | None = None,
    ) -> None:
        super().__init__(name, text, labels)
        self._read = read
        self._values: dict[Labels, float] = {} if labels or read else {(): 0.0}

    def inc(self, amount: float = 1.0, **labels: str) -> None:
        """Add to the series of these labels."""
        if amount < 0:
            raise ValueError(f"{self.name} only rises")
        key = self._key(labels, self._values)
        self._values[key] = self._values.get(key, 0.0) + amount

    def value(self, **labels: str) -> float:
        """Give what was counted."""
        if self._read is not None:
            return self._read()
        return self._values.get(self._key(labels, self._values), 0.0)

    def samples(self) -> Iterator[Sample]:
        """Give every series."""
        if self._read is not None:
            yield "", (), (), self._read()
        for key, value in list(self._values.items()):
            yield "", self.labels, key, value


class Gauge(Counter):
    """A number that goes up and down, set or read when it is asked for."""

    kind = "gauge"

    def inc(self, amount: float = 1.0, **labels: str) -> None:
        """Add to the series of these labels; a negative amount takes away."""
        key = self._key(labels, self._values)
        self._values[key] = self._values.get(key, 0.0) + amount

    def set(self, value: float, **labels: str) -> None:
        """Say what it is now."""
        self._values[self._key(labels, self._values)] = value

    def remove(self, **labels: str) -> None:
        """Forget a series."""
        self._values.pop(self._key(labels, self._values), None)


class _Counts:
    __slots__ = ("buckets", "total")

    def __init__(self, size: int) -> None:
        self.buckets = [0] * size
        self.total = 0.0


class Histogram(_Metric):
    """How often a measure fell under each of some bounds."""

    kind = "histogram"

    def __init__(
        self,
        name: str,
        text: str,
        labels: Sequence[str] = (),
        bounds: Sequence[float] = SECONDS,
    ) -> None:
        super().__init__(name, text, labels)
        self._bounds = tuple(sorted(bounds))
        self._series: dict[Labels, _Counts] = {}
        if not labels:
            self._series[()] = _Counts(len(self._bounds) + 1)

    def observe(self, value: float, **labels: str) -> None:
        """Count one measure."""
        key = self._key(labels, self._series)
        counts = self._series.get(key)
        if counts is None:
            counts = self._series[key] = _Counts(len(self._bounds) + 1)
        counts.buckets[bisect_left(self._bounds, value)] += 1
        counts.total += value

    @contextmanager
    def time(
        self, clock: Callable[[], float] = time.perf_counter, **labels: str
    ) -> Generator[None]:
        """Observe the seconds that the block takes, also when it raises."""
        began = clock()
        try:
            yield
        finally:
            self.observe(clock() - began, **labels)

    def samples(self) -> Iterator[Sample]:
        """Give every series, its buckets cumulative."""
        for key, counts in list(self._series.items()):
            running = 0
            for bound, count in zip((*self._bounds, math.inf), counts.buckets, strict=True):
                running += count
                yield "_bucket", (*self.labels, "le"), (*key, _number(bound)), running
            yield "_sum", self.labels, key, counts.total
            yield "_count", self.labels, key, running


M = TypeVar("M", bound=_Metric)


class Registry:
    """The metrics of one daemon."""

    def __init__(self) -> None:
        self._metrics: dict[str, _Metric] = {}

    def counter(
        self,
        name: str,
        text: str,
        labels: Sequence[str] = (),
        read: Callable[[], float] | None = None,
    ) -> Counter:
        """Add a counter; with `read` its value is asked for when it is shown."""
        return self._add(Counter(name, text, labels, read))

    def gauge(
        self,
        name: str,
        text: str,
        labels: Sequence[str] = (),
        read: Callable[[], float] | None = None,
    ) -> Gauge:
        """Add a gauge; with `read` its value is asked for when it is shown."""
        return self._add(Gauge(name, text, labels, read))

    def histogram(
        self,
        name: str,
        text: str,
        labels: Sequence[str] = (),
        bounds: Sequence[float] = SECONDS,
    ) -> Histogram:
        """Add a histogram; `bounds` are its buckets' upper ends."""
        return self._add(Histogram(name, text, labels, bounds))

    def _add(self, metric: M) -> M:
        if metric.name in self._metrics:
            raise ValueError(f"the metric {metric.name} exists already")
        self._metrics[metric.name] = metric
        return metric

    def names(self) -> list[str]:
        """Give the names of all metrics."""
        return sorted(self._metrics)

    def render(self) -> str:
        """Give Prometheus' text form."""
        lines: list[str] = []
        for metric in self._metrics.values():
            lines.append(f"# HELP {metric.name} {_help(metric.text)}")
            lines.append(f"# TYPE {metric.name} {metric.kind}")
            lines += [
                f"{metric.name}{suffix}{_labels(names, values)} {_number(value)}"
                for suffix, names, values, value in metric.samples()
            ]
        return "\n".join(lines) + "\n"


def _labels(names: Sequence[str], values: Sequence[str]) -> str:
    if not names:
        return ""
    pairs = zip(names, values, strict=True)
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in pairs) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if math.isnan(value):
        return "NaN"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))
