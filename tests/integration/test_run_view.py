"""What a run says of itself: its summary, its look in a notebook, its code after the end."""

from __future__ import annotations

import math
from typing import Any

import pytest

import pluto
from pluto.run_view import MetricSummary

QUIET = {"disable_system_metrics": True, "disable_console": True}


def begin(**options: Any) -> pluto.Op:
    return pluto.init(settings=QUIET, **options)


def test_the_summary_of_a_run_has_last_least_greatest_and_best_of_each_metric() -> None:
    run = begin()
    for step, value in enumerate([3.0, 1.0, math.nan, 2.0]):
        run.log({"loss": value, "acc": 1 / (step + 1)}, step=step)
    run.finish()
    loss = run.summary["loss"]
    assert (loss.last, loss.min, loss.max, loss.mean, loss.points) == (2.0, 1.0, 3.0, 2.0, 4)
    assert (loss.min_step, loss.max_step, loss.last_step) == (1, 0, 3)
    assert (loss.best("min"), run.summary["acc"].best("max")) == (1.0, 1.0)
    assert sorted(run.summary) == ["acc", "loss"]
    assert repr(run.summary).startswith("{'loss': MetricSummary(points=4, last=2.0")


def test_summary_and_names_of_a_live_run_hold_what_was_logged_a_moment_ago() -> None:
    run = pluto.init(settings={**QUIET, "sync_process_flush_interval": 60.0})
    assert run.settings.meta == []
    for value in range(20):
        run.log({"loss": value})
        assert run.summary["loss"].last == value
    run.log({"note": "text", "counts": pluto.Histogram([1, 2]), "said": pluto.Text("hello")})
    assert run.settings.meta == ["loss", "note", "counts", "said"]
    assert "said" in run.settings.meta
    run.finish()
    assert run.settings.meta[:2] == ["loss", "note"]
    assert len(run.settings.meta) == 4


def test_values_of_ones_own_stand_in_the_summary_and_can_be_taken_back() -> None:
    run = begin(run_id="exp")
    run.log({"loss": 1.0})
    run.summary["converged"] = True
    run.summary.update({"note": "as hoped", "loss": "see note"})
    run.finish()
    assert run.summary["converged"] is True
    assert run.summary["loss"] == "see note"
    run = begin(run_id="exp", resume=True)
    del run.summary["loss"]
    run.finish()
    assert isinstance(run.summary["loss"], MetricSummary)
    assert len(run.summary) == 3


def test_a_notebook_shows_where_the_run_is_and_escapes_what_it_is_called() -> None:
    run = begin(name="<b>", project="p & q")
    run.log({f"m<{number}>": number for number in range(25)})
    run.finish()
    shown = run._repr_html_()
    assert "p &amp; q / &lt;b&gt;" in shown
    assert "<td>m&lt;7&gt;</td><td>7</td>" in shown
    assert shown.count("<tr>") == 20
    assert "and 5 more" in shown
    assert run.dir in shown
    run.settings.url_view = "https://pluto.example/r?a=1&b=2"
    assert '<a href="https://pluto.example/r?a=1&amp;b=2"' in run._repr_html_()


def test_a_run_that_writes_nothing_has_an_empty_summary() -> None:
    run = begin(mode="noop")
    run.log({"loss": 1.0})
    assert dict(run.summary) == {}
    assert "<table></table>" in run._repr_html_()
    run.finish()


@pytest.mark.parametrize("mode", ["noop", "offline"])
@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda run: run.finish(), 0),
        (lambda run: run.finish(0), 0),
        (lambda run: run.finish(2), 2),
        (lambda run: run.finish(15), 15),
        (lambda run: run.finish(7), 7),
        (lambda run: run.finish(-1), -1),
        (lambda run: run.close(), -1),
        (lambda run: run.end("FAILED"), 1),
        (lambda run: run.end("TERMINATED", {"signal": "SIGINT"}), 2),
        (lambda run: run.end("TERMINATED", {"signal": "SIGTERM"}), 15),
    ],
)
def test_the_settings_have_the_code_of_the_status(mode: str, end: Any, code: int) -> None:
    run = begin(mode=mode)
    assert run.settings._op_status == -1
    end(run)
    run.finish(0)  # too late
    assert run.settings._op_status == code
