"""What voice processes have reported, in the form of Prometheus.

Calls live in other processes, perhaps on other machines; each writes its figures with its
heartbeat, and whoever asks any web process gets all of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric

from hotline.contacts.telephony.alarms import line_alarms
from hotline.contacts.telephony.values import Lengths, ProcessReport

PROCESS: Final = ["process"]
LINE: Final = ["process", "line"]
TRUNK: Final = ["process", "trunk"]

Sample = tuple[list[str], float]

COUNTERS: Final = {
    "over_rate": ("hotline_sip_messages_unread", "SIP messages not read: too many."),
    "not_allowed": ("hotline_sip_requests_not_allowed", "SIP requests of who may not."),
    "unconfirmed": ("hotline_sip_messages_unsent", "SIP messages held back: address unconfirmed."),
    "packets_sent": ("hotline_rtp_packets_sent", "RTP packets sent."),
    "packets_received": ("hotline_rtp_packets_received", "RTP packets received."),
    "packets_lost": ("hotline_rtp_packets_lost", "RTP packets lost on the way to us."),
    "packets_malformed": ("hotline_rtp_packets_malformed", "Datagrams that are no RTP."),
    "packets_rejected": ("hotline_rtp_packets_rejected", "RTP packets of strangers."),
}
HISTOGRAMS: Final = {
    "sound_work": ("hotline_rtp_work_seconds", "CPU time for each 20 ms of sound."),
    "sound_late": ("hotline_rtp_late_seconds", "How late turns begin in which packets leave."),
}
GAUGES: Final = {
    "sip_calls_now": ("hotline_sip_dialogs", "SIP dialogs now."),
    "sip_transactions_now": ("hotline_sip_transactions", "SIP transactions now."),
    "sound_legs_now": ("hotline_rtp_legs", "Audio legs now."),
}


def telephony_figures(reports: Sequence[ProcessReport], now: datetime) -> bytes:
    """Return the figures of every voice process that lives, as text for Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Reports(reports, now))
    return generate_latest(registry)


class _Reports:
    """The reports as a collector."""

    def __init__(self, reports: Sequence[ProcessReport], now: datetime) -> None:
        self._reports = reports
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Yield every family; a family without samples says that nothing of it is known."""
        reports = self._reports
        yield _gauge(
            "hotline_voice_report_age_seconds",
            "Since a voice process said how it is.",
            PROCESS,
            (([each.name], (self._now - each.reported_at).total_seconds()) for each in reports),
        )
        yield _gauge(
            "hotline_line_alarms",
            "Alarms of lines and trunks now.",
            ["kind", "where"],
            (([each.kind.value, each.where], 1.0) for each in line_alarms(reports, self._now)),
        )
        yield from self._lines()
        yield from self._trunks()
        yield from self._sip_and_rtp()

    def _lines(self) -> Iterator[Metric]:
        rows = [(each.name, line) for each in self._reports for line in each.report.lines]
        yield _gauge("hotline_line_calls", "Calls on a line now.", LINE,
                     (([name, line.number], line.calls) for name, line in rows))  # fmt: skip
        yield _gauge("hotline_line_limit", "Calls that a line may hold.", LINE,
                     (([name, line.number], line.limit) for name, line in rows))  # fmt: skip
        yield _counter("hotline_line_taken", "Calls taken on a line.", LINE,
                       (([name, line.number], line.taken) for name, line in rows))  # fmt: skip
        yield _counter("hotline_line_refused", "Calls refused on a line.", LINE,
                       (([name, line.number], line.refused) for name, line in rows))  # fmt: skip

    def _trunks(self) -> Iterator[Metric]:
        rows = [(each.name, trunk) for each in self._reports for trunk in each.report.trunks]
        yield _gauge("hotline_trunk_up", "Whether a trunk answers.", TRUNK,
                     (([name, trunk.name], trunk.is_up) for name, trunk in rows))  # fmt: skip
        yield _gauge("hotline_trunk_registered", "Whether we are registered with it.", TRUNK,
                     (([name, trunk.name], trunk.registration == "registered")
                      for name, trunk in rows if trunk.registration))  # fmt: skip
        yield _gauge("hotline_trunk_calls", "Calls of ours by a trunk now.", TRUNK,
                     (([name, trunk.name], trunk.calls) for name, trunk in rows))  # fmt: skip
        yield _counter("hotline_trunk_refused", "Calls of ours it had no way for.", TRUNK,
                       (([name, trunk.name], trunk.refusals) for name, trunk in rows))  # fmt: skip

    def _sip_and_rtp(self) -> Iterator[Metric]:
        rows = [(each.name, each.report.figures) for each in self._reports]
        for field, (name, words) in GAUGES.items():
            samples = (([process], getattr(figures, field)) for process, figures in rows)
            yield _gauge(name, words, PROCESS, samples)
        for field, (name, words) in COUNTERS.items():
            samples = (([process], getattr(figures, field)) for process, figures in rows)
            yield _counter(name, words, PROCESS, samples)
        for field, (name, words) in HISTOGRAMS.items():
            histograms = (([process], getattr(figures, field)) for process, figures in rows)
            yield _histogram(name, words, PROCESS, histograms)
        yield _counter(
            "hotline_sip_requests", "SIP requests received.", ["process", "method"],
            (([process, method], count)
             for process, figures in rows for method, count in figures.sip_requests.items()),
        )  # fmt: skip
        yield _counter(
            "hotline_sip_responses", "SIP responses sent.", ["process", "class"],
            (([process, kind], count)
             for process, figures in rows for kind, count in figures.sip_responses.items()),
        )  # fmt: skip


def _gauge(name: str, words: str, labels: list[str], samples: Iterable[Sample]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=labels)
    for values, number in samples:
        family.add_metric(values, float(number))
    return family


def _counter(name: str, words: str, labels: list[str], samples: Iterable[Sample]) -> Metric:
    family = CounterMetricFamily(name, words, labels=labels)
    for values, number in samples:
        family.add_metric(values, float(number))
    return family


def _histogram(
    name: str, words: str, labels: list[str], samples: Iterable[tuple[list[str], Lengths]]
) -> Metric:
    family = HistogramMetricFamily(name, words, labels=labels)
    for values, lengths in samples:
        steps = [(bound, float(number)) for bound, number in lengths.at_most.items()]
        family.add_metric(values, [*steps, ("+Inf", float(lengths.count))], lengths.seconds)
    return family
