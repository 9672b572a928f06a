# mypy: ignore-errors
"""Steps that are no integers, times, values that are provisional, and text."""

from datetime import datetime, timedelta, timezone

from neptune_scale import Run

began = datetime(2025, 6, 1, 12, 0, tzinfo=timezone.utc)


def main() -> None:
    with Run(project="lab/series", run_id="series-1") as run:
        for part in range(8):
            when = began + timedelta(seconds=30 * part)
            run.log_metrics({"epoch/loss": 1 / (part + 1)}, step=part / 4, timestamp=when)
        for step in (0, 10, 20):
            when = began + timedelta(minutes=step)
            line = f"finished step {step}"
            run.log_string_series({"messages/info": line}, step=step, timestamp=when)
        run.log_metrics({"val/f1": 0.3}, step=1, preview=True, preview_completion=0.25)
        run.log_metrics({"val/f1": 0.4}, step=1, preview=True, preview_completion=0.75)
        run.log_metrics({"val/f1": 0.45}, step=1)
        run.log_metrics({"val/f1": 0.5}, step=2, preview=True, preview_completion=0.5)
        run.log_metrics({"whole": 1}, step=3.0)
        run.log_metrics({"whole": 2}, step=4)
        assert run.wait_for_submission(timeout=30) or True


if __name__ == "__main__":
    main()
