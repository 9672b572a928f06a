"""What the dashboard asks for its table's columns, and what it keeps: views and panels."""

import math
from pathlib import Path

from pluto.server.saved import MAX_ITEM
from tests.integration.server_read.harness import ReadServer


def test_the_best_values_come_with_their_steps_a_column_a_metric(server: ReadServer) -> None:
    worse, better = server.run("worse"), server.run("better")
    server.log(worse, {"loss": [3.0, 1.0, 2.0]})
    server.log(better, {"loss": [3.0, 0.5, math.nan], "acc": [0.1, 0.9, 0.8]})
    server.run("elsewhere", project="other")

    body = {"project": "mnist", "names": ["loss", "acc", "none"]}
    answer = server.post("/api/ui/summaries", body).json()

    place = {run: index for index, run in enumerate(answer["runs"])}
    assert set(place) == {worse.id, better.id}
    loss = answer["metrics"]["loss"]
    assert {key: loss[key][place[worse.id]] for key in loss} == {
        "last": 2,
        "min": 1,
        "max": 3,
        "mean": 2,
        "minStep": 2,
        "maxStep": 1,
    }
    assert loss["last"][place[better.id]] == "NaN"
    assert loss["min"][place[better.id]] == 0.5
    assert answer["metrics"]["acc"]["max"][place[worse.id]] is None
    assert answer["metrics"]["none"]["last"] == [None, None]


def test_views_and_panels_are_kept_by_project_and_name(server: ReadServer) -> None:
    def keep(project: str, kind: str, name: str, value: object) -> dict[str, object]:
        body = {"project": project, "kind": kind, "name": name, "value": value}
        answer = server.post("/api/ui/saved", body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    keep("mnist", "view", "best first", "sort=min.loss")
    keep("mnist", "view", "all", "q=")
    keep("mnist", "panel", "p1", {"kind": "bar"})
    keep("other", "view", "mine", "x=time")

    answer = server.json("/api/ui/saved", project="mnist")
    assert answer["view"] == {"best first": "sort=min.loss", "all": "q="}
    assert answer["panel"] == {"p1": {"kind": "bar"}}
    assert keep("mnist", "view", "all", None)["view"] == {"best first": "sort=min.loss"}
    unknown = server.json("/api/ui/saved", project="unknown")
    assert unknown == {"view": {}, "panel": {}, "marks": {"view": {}, "panel": {}}}


def test_of_two_who_change_one_item_the_second_is_told_and_loses_nothing(
    server: ReadServer,
) -> None:
    def keep(value: object, was: str, mark: str) -> tuple[int, object]:
        item = {"project": "mnist", "kind": "view", "name": "shared", "value": value}
        answer = server.post("/api/ui/saved", item | {"was": was, "mark": mark})
        return answer.status_code, server.json("/api/ui/saved", project="mnist")["view"]

    assert keep("q=first", "", "a") == (200, {"shared": "q=first"})
    assert keep("q=theirs", "a", "b") == (200, {"shared": "q=theirs"})
    assert keep("q=mine", "a", "c") == (412, {"shared": "q=theirs"})
    assert keep(None, "a", "c") == (412, {"shared": "q=theirs"})
    assert keep("q=new", "", "c") == (412, {"shared": "q=theirs"})
    assert keep(None, "b", "c") == (200, {})
    assert keep("q=mine", "b", "d") == (412, {})
    assert keep("q=mine", "", "d") == (200, {"shared": "q=mine"})


def test_a_change_that_names_no_mark_replaces_what_is_kept_and_others_notice(
    server: ReadServer,
) -> None:
    item = {"project": "mnist", "kind": "panel", "name": "p", "value": 1}
    answers = [server.post("/api/ui/saved", item | {"value": value}).json() for value in (1, 2)]
    first, second = (answer["marks"]["panel"]["p"] for answer in answers)
    assert first != second
    assert server.post("/api/ui/saved", item | {"was": first}).status_code == 412


def test_items_of_a_file_without_marks_are_changed_as_those_of_an_empty_mark(
    server: ReadServer, tmp_path: Path
) -> None:
    kept = tmp_path / "data" / "saved.json"
    kept.write_text('{"mnist": {"view": {"old": "q=1"}, "panel": {}}}')
    item = {"project": "mnist", "kind": "view", "name": "old", "value": "q=2"}
    assert server.post("/api/ui/saved", item | {"was": "", "mark": "m"}).status_code == 200
    assert server.post("/api/ui/saved", item | {"was": "", "mark": "n"}).status_code == 412


def test_too_large_an_item_is_refused_and_what_is_kept_stays(server: ReadServer) -> None:
    item = {"project": "mnist", "kind": "panel", "name": "p", "value": "small"}
    assert server.post("/api/ui/saved", item).status_code == 200
    assert server.post("/api/ui/saved", item | {"value": "x" * MAX_ITEM}).status_code == 413
    assert server.json("/api/ui/saved", project="mnist")["panel"] == {"p": "small"}


def test_where_nothing_can_be_written_the_page_is_told_so(
    server: ReadServer, tmp_path: Path
) -> None:
    (tmp_path / "data" / "saved.json.new").mkdir()
    item = {"project": "mnist", "kind": "view", "name": "v", "value": "q=1"}
    answer = server.post("/api/ui/saved", item)
    assert answer.status_code == 409
    assert "nothing can be kept" in answer.json()["error"]
