"""Values of other libraries, wherever those are installed."""

import io
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as pillow  # noqa: N813

from pluto.data import Graph, Histogram, Table
from pluto.errors import UsageError
from pluto.file import Audio, Html, Image, Plotly, Video
from pluto.values import sort_values
from tests.stored_media import store


@pytest.fixture
def pyplot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "matplotlib"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # matplotlib's own, while it is imported
        return pytest.importorskip("matplotlib.pyplot")


def test_matplotlib_figures_axes_lines_and_the_module_are_rendered(
    pyplot: Any, tmp_path: Path
) -> None:
    figure, axes = pyplot.subplots(figsize=(2, 1), dpi=50)
    [line] = axes.plot([1, 3, 2])
    for value in (figure, axes, line, pyplot):
        stored = store(Image(value), tmp_path)
        assert stored.pixels().shape == (50, 100, 4)
    pyplot.close(figure)


def test_pyplot_means_the_figure_that_is_current_at_construction(
    pyplot: Any, tmp_path: Path
) -> None:
    figure = pyplot.figure(figsize=(2, 1), dpi=50)
    image = Image(pyplot)
    other = pyplot.figure(figsize=(3, 3), dpi=50)
    assert store(image, tmp_path).pixels().shape == (50, 100, 4)
    pyplot.close(figure)
    pyplot.close(other)


def test_figures_pictures_and_frames_need_no_wrapping(pyplot: Any) -> None:
    figure, axes = pyplot.subplots(figsize=(2, 1), dpi=50)
    picture = pillow.new("L", (4, 4))
    plotted = pytest.importorskip("plotly.graph_objects").Figure()
    found = sort_values(
        {
            "figure": figure,
            "axes": axes,
            "pyplot": pyplot,
            "plots": {"inner": plotted},
            "pictures": [picture, picture.convert("RGB")],
            "pandas": pytest.importorskip("pandas").DataFrame({"a": [1]}),
            "polars": pytest.importorskip("polars").DataFrame({"a": [1]}),
        }
    )
    pyplot.close(figure)
    assert [(key, type(value), index) for key, value, index in found.files] == [
        ("figure", Image, 0),
        ("axes", Image, 0),
        ("pyplot", Image, 0),
        ("plots/inner", Plotly, 0),
        ("pictures", Image, 0),
        ("pictures", Image, 1),
    ]
    assert [(key, type(value)) for key, value in found.data] == [
        ("pandas", Table),
        ("polars", Table),
    ]
    assert found.refused == []


def test_plotly_figures_stay_interactive(tmp_path: Path) -> None:
    graph_objects = pytest.importorskip("plotly.graph_objects")
    figure = graph_objects.Figure(graph_objects.Scatter(y=np.array([1.0, 3.0, 2.0])))
    document = json.loads(store(Plotly(figure), tmp_path).content())
    assert document["data"][0]["y"] == [1.0, 3.0, 2.0]
    assert b"<html>" in store(Html(figure), tmp_path).content()


def test_a_png_of_a_plotly_figure_names_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Figure:
        def to_plotly_json(self) -> dict[str, Any]:
            return {}

        def to_image(self, format: str) -> bytes:  # noqa: A002
            return b""

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pluto\.Plotly\(figure\).*pip install kaleido"):
        Image(Figure())


def test_torch_tensors_of_every_type_are_stored(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    image = torch.rand(3, 6, 5, requires_grad=True)
    expected = np.rint(image.detach().numpy() * 255).astype(np.uint8).transpose(1, 2, 0)
    np.testing.assert_array_equal(store(Image(image), tmp_path).pixels(), expected)
    assert store(Image(image.to(torch.bfloat16)), tmp_path).pixels().shape == (6, 5, 3)
    assert store(Audio(torch.zeros(2, 100)), tmp_path).row["fileSize"] == 444
    assert sum(Histogram(image).to_dict()["freq"]) == 90
    assert Table(torch.ones(2, 2)).to_dict()["table"] == [[1.0, 1.0], [1.0, 1.0]]


@pytest.mark.parametrize("module", ["av", "imageio_ffmpeg"])
@pytest.mark.parametrize("format_name", ["mp4", "webm"])
def test_encoders_of_videos_give_files_with_all_frames(
    module: str, format_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pluto.media import movie

    pytest.importorskip(module)
    monkeypatch.setattr(movie, "_ENCODERS", {module: movie._ENCODERS[module]})
    frames = np.zeros((6, 33, 47, 3), np.uint8)
    frames[3:] = 200
    stored = store(Video(frames, fps=5, format=format_name), tmp_path)
    assert stored.row["fileType"] == format_name
    av = pytest.importorskip("av")
    with av.open(io.BytesIO(stored.content())) as container:
        found = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert [frame.shape for frame in found] == [(34, 48, 3)] * 6
        assert abs(int(found[5].mean()) - 200) < 10


def test_pandas_frames_keep_columns_index_and_types() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {"n": [1, 2], "x": [0.5, None], "when": pandas.to_datetime(["2026-01-02", None])},
        index=["a", "b"],
    )
    for table in (Table(frame), Table(dataframe=frame), Table(table=frame)):
        found = table.to_dict()
        assert found["table"] == [[1, 0.5, "2026-01-02T00:00:00"], [2, None, None]]
        assert found["col"] == [
            {"name": "n", "dtype": "int"},
            {"name": "x", "dtype": "float"},
            {"name": "when", "dtype": "str"},
        ]
        assert [row["name"] for row in found["row"]] == ["a", "b"]
    assert Table(pandas.DataFrame()).to_dict()["table"] == []
    assert Table(pandas.DataFrame({"x": [pandas.NA, 1]})).to_dict()["table"] == [[None], [1]]
    assert Histogram(pandas.Series([1, 2, 2]), bins=2).to_dict()["freq"] == [1, 2]


def test_pandas_frames_may_have_names_twice_or_no_columns() -> None:
    pandas = pytest.importorskip("pandas")
    twice = pandas.concat([pandas.DataFrame({"a": [1]}), pandas.DataFrame({"a": ["x"]})], axis=1)
    found = Table(twice).to_dict()
    assert found["table"] == [[1, "x"]]
    assert [(column["name"], column["dtype"]) for column in found["col"]] == [
        ("a", "int"),
        ("a", "str"),
    ]
    assert Table(pandas.DataFrame(index=["p", "q"])).to_dict()["table"] == [[], []]


def test_polars_frames_keep_columns() -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"n": [1, 2], "s": ["a", None]})
    found = Table(frame).to_dict()
    assert found["table"] == [[1, "a"], [2, None]]
    assert [column["name"] for column in found["col"]] == ["n", "s"]


def test_networkx_graphs_keep_nodes_and_edges() -> None:
    networkx = pytest.importorskip("networkx")
    graph = networkx.Graph()
    graph.add_node("a", size=1)
    graph.add_edge("a", "b", weight=2)
    found = Graph(graph).to_dict()
    assert found["nodes"] == {"a": {"size": 1}, "b": {}}
    assert found["edges"] == [{"source": "a", "target": "b", "attributes": {"weight": 2}}]


def test_pillow_animations_show_their_first_frame(tmp_path: Path) -> None:
    frames = [pillow.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "two.gif", save_all=True, append_images=frames[1:])
    with pillow.open(tmp_path / "two.gif") as opened:
        assert store(Image(opened), tmp_path).pixels()[0, 0].tolist()[:3] == [255, 0, 0]
