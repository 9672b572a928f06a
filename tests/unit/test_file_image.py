"""Images: every form that scripts log, and the exact pixels that come out."""

import io
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image as pillow  # noqa: N813

from pluto.errors import UsageError
from pluto.file import Image
from pluto.media.arrays import tile
from pluto.media.notice import notices
from tests.stored_media import Stored, store

RANDOM = np.random.default_rng(7)
DTYPES = ["?", "u1", "i1", "u2", "i2", "i4", "u8", "i8", "f2", "f4", "f8"]


def pixels(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    return RANDOM.integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_bug_13_arrays_of_one_to_four_channels_keep_every_pixel(
    channels: int, tmp_path: Path
) -> None:
    image = pixels((9, 7, channels))
    expected = image[..., 0] if channels == 1 else image
    np.testing.assert_array_equal(store(Image(image), tmp_path).pixels(), expected)
    chw = np.moveaxis(image, -1, 0)
    np.testing.assert_array_equal(store(Image(chw), tmp_path).pixels(), expected)


@pytest.mark.parametrize("width", [1, 3, 4, 28])
def test_bug_13_grayscale_is_grayscale_at_any_width(width: int, tmp_path: Path) -> None:
    image = pixels((28, width))
    stored = store(Image(image), tmp_path).pixels()
    np.testing.assert_array_equal(stored, image)


def test_a_batch_becomes_a_grid(tmp_path: Path) -> None:
    batch = pixels((5, 4, 6, 3))
    grid = store(Image(batch), tmp_path).pixels()
    assert grid.shape == (8, 18, 3)
    np.testing.assert_array_equal(grid[:4, 6:12], batch[1])
    np.testing.assert_array_equal(grid[4:, 6:12], batch[4])
    assert not grid[4:, 12:].any()
    np.testing.assert_array_equal(tile(batch), grid)


def test_fractions_are_scaled_to_the_exact_pixel(tmp_path: Path) -> None:
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for dtype in (np.float32, np.float64):
        stored = store(Image(np.divide(every, 255, dtype=dtype)), tmp_path).pixels()
        np.testing.assert_array_equal(stored, every)


def test_floats_up_to_255_are_taken_as_pixels_and_clipped(tmp_path: Path) -> None:
    stored = store(Image(np.array([[0.0, 100.4, 255.0, 300.0]])), tmp_path).pixels()
    assert stored.tolist() == [[0, 100, 255, 255]]


def test_bools_are_black_and_white(tmp_path: Path) -> None:
    stored = store(Image(np.array([[True, False], [False, True]])), tmp_path).pixels()
    assert stored.tolist() == [[255, 0], [0, 255]]


def test_negative_numbers_stretch_the_range(tmp_path: Path) -> None:
    stored = store(Image(np.array([[-1.0, 0.0, 1.0]])), tmp_path).pixels()
    assert stored.tolist() == [[0, 128, 255]]


def test_bug_13_a_constant_negative_array_is_black(tmp_path: Path) -> None:
    assert not store(Image(np.full((3, 3), -2.5)), tmp_path).pixels().any()


def test_sixteen_bit_images_are_stretched_instead_of_clipped(tmp_path: Path) -> None:
    stored = store(Image(np.array([[0, 32768, 65535]], np.uint16)), tmp_path).pixels()
    assert stored.tolist() == [[0, 128, 255]]


def test_a_mask_of_zeros_and_ones_in_a_wide_integer_is_visible(tmp_path: Path) -> None:
    assert store(Image(np.eye(2, dtype=np.int64)), tmp_path).pixels().tolist() == [
        [255, 0],
        [0, 255],
    ]


def test_nan_is_black_and_infinity_white(tmp_path: Path) -> None:
    stored = store(Image(np.array([[np.nan, np.inf, 0.5, -0.0]])), tmp_path).pixels()
    assert stored.tolist() == [[0, 255, 128, 0]]


@given(
    image=st.sampled_from(DTYPES).flatmap(
        lambda dtype: hnp.arrays(
            dtype, hnp.array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=6)
        )
    )
)
def test_every_array_is_either_refused_at_once_or_stored(
    image: NDArray[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    try:
        value = Image(image)
    except UsageError as error:
        assert "is not an image" in str(error)  # noqa: PT017
        return
    stored = store(value, tmp_path_factory.mktemp("image")).pixels()
    assert stored.dtype == np.uint8
    assert stored.size >= np.prod(image.shape[-2:]) / 4
    if image.ndim == 2 and image.dtype == np.uint8:
        np.testing.assert_array_equal(stored, image)


@pytest.mark.parametrize("shape", [(), (5,), (2, 3, 4, 5, 3), (7, 8, 9), (0, 4), (3, 0, 4)])
def test_arrays_of_other_shapes_are_refused_with_the_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="is not an image; give HxW"):
        Image(np.zeros(shape))


def test_things_that_are_no_image_are_refused() -> None:
    for data in (object(), {"a": 1}, 1 + 2j, [["a", "b"]]):
        with pytest.raises(UsageError):
            Image(data)


def test_nested_lists_are_arrays(tmp_path: Path) -> None:
    assert store(Image([[0, 128], [255, 3]]), tmp_path).pixels().tolist() == [[0, 128], [255, 3]]


def test_strided_and_fortran_ordered_arrays_keep_their_pixels(tmp_path: Path) -> None:
    image = pixels((8, 6, 3))
    for view in (image[::2, ::-1], np.asfortranarray(image), image[..., ::-1]):
        np.testing.assert_array_equal(store(Image(view), tmp_path).pixels(), view)


def test_big_endian_arrays_keep_their_values(tmp_path: Path) -> None:
    image = np.array([[0.0, 0.5, 1.0]], dtype=">f4")
    assert store(Image(image), tmp_path).pixels().tolist() == [[0, 128, 255]]


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_bug_13_opened_pillow_images_of_every_format_work(format_name: str, tmp_path: Path) -> None:
    path = tmp_path / f"picture.{format_name.lower()}"
    pillow.fromarray(pixels((8, 8, 3))).save(path)
    with pillow.open(path) as opened:
        expected = np.asarray(opened.convert("RGB"))
    with pillow.open(path) as opened:
        stored = store(Image(opened), tmp_path)
    np.testing.assert_array_equal(stored.pixels(), expected)
    assert stored.row["mime"] == "image/png"


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB", "I", "F", "I;16"]
)
def test_pillow_images_of_every_mode_work(mode: str, tmp_path: Path) -> None:
    image = pillow.new(mode, (5, 4))
    stored = store(Image(image), tmp_path).pixels()
    assert stored.shape[:2] == (4, 5)


def test_pillow_pixels_are_kept(tmp_path: Path) -> None:
    image = pillow.fromarray(pixels((6, 5, 4)))
    np.testing.assert_array_equal(store(Image(image), tmp_path).pixels(), np.asarray(image))


def test_a_palette_with_transparency_stays_transparent(tmp_path: Path) -> None:
    image = pillow.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((1, 0), 1)
    image.info["transparency"] = 1
    stored = store(Image(image), tmp_path).pixels()
    assert stored.tolist() == [[[255, 0, 0, 255], [0, 255, 0, 0]]]


def test_bytes_of_an_image_file_are_stored_as_they_are_under_their_format(tmp_path: Path) -> None:
    for format_name, extension in (
        ("PNG", "png"),
        ("JPEG", "jpg"),
        ("GIF", "gif"),
        ("WEBP", "webp"),
    ):
        buffer = io.BytesIO()
        pillow.fromarray(pixels((4, 4, 3))).save(buffer, format_name)
        for data in (buffer.getvalue(), bytearray(buffer.getvalue()), buffer):
            stored = store(Image(data), tmp_path)
            assert stored.content() == buffer.getvalue()
            assert stored.row["fileType"] == extension
        path = tmp_path / "opened"
        path.write_bytes(buffer.getvalue())
        with path.open("rb") as opened:
            assert store(Image(opened), tmp_path).content() == buffer.getvalue()


def test_a_path_keeps_its_extension_and_bytes(tmp_path: Path) -> None:
    path = tmp_path / "photo.JPEG"
    pillow.fromarray(pixels((4, 4, 3))).save(path)
    for data in (path, str(path)):
        stored = store(Image(data), tmp_path)
        assert stored.content() == path.read_bytes()
        assert (stored.row["fileType"], stored.row["mime"]) == ("jpeg", "image/jpeg")


def test_a_file_that_is_no_image_is_stored_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    notices.forget("not an image")
    (tmp_path / "notes.txt").write_text("x")
    with caplog.at_level(logging.WARNING, "pluto"):
        assert store(Image(tmp_path / "notes.txt"), tmp_path).content() == b"x"
    assert "text/plain, not an image" in caplog.text


class FakeTensor:
    """What this package uses of a torch tensor on a device."""

    def __init__(self, array: NDArray[Any], *, numpy_knows_the_type: bool = True) -> None:
        self._array = array
        self._known = numpy_knows_the_type
        self.shape, self.dtype = array.shape, "torch.float32"
        self.moves = 0

    def detach(self) -> "FakeTensor":
        return self

    def cpu(self) -> "FakeTensor":
        self.moves += 1
        return self

    def float(self) -> "FakeTensor":
        return FakeTensor(self._array.astype(np.float32))

    def numpy(self) -> NDArray[Any]:
        if not self._known:
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self._array


def test_tensors_have_their_channels_first_and_stay_on_their_device_until_logged(
    tmp_path: Path,
) -> None:
    image = pixels((3, 5, 3))
    tensor = FakeTensor(image)
    value = Image(tensor)
    assert tensor.moves == 0
    np.testing.assert_array_equal(store(value, tmp_path).pixels(), np.moveaxis(image, 0, -1))


def test_tensors_of_types_that_numpy_lacks_are_stored(tmp_path: Path) -> None:
    tensor = FakeTensor(np.array([[0.0, 1.0]]), numpy_knows_the_type=False)
    assert store(Image(tensor), tmp_path).pixels().tolist() == [[0, 255]]


def drawn(stored: Stored) -> dict[str, Any]:
    annotations: dict[str, Any] = json.loads(stored.row["annotations"])
    return annotations


BOX = {"position": {"minX": 1, "minY": 2, "maxX": np.int64(3), "maxY": 4}, "class_id": 1}


def test_boxes_are_in_pixels_unless_they_say_otherwise(tmp_path: Path) -> None:
    boxes = {
        "found": {"box_data": [BOX, {**BOX, "domain": "fraction"}], "class_labels": {1: "cat"}}
    }
    [layer] = drawn(store(Image(pixels((4, 4)), boxes=boxes), tmp_path))["boxes"].values()
    assert [box["domain"] for box in layer["box_data"]] == ["pixel", "fraction"]
    assert layer["box_data"][0]["position"] == {"minX": 1, "minY": 2, "maxX": 3, "maxY": 4}
    assert layer["class_labels"] == {"1": "cat"}


def test_a_mask_is_a_second_file_with_the_ids_in_its_red_channel(tmp_path: Path) -> None:
    ids = np.array([[0, 1], [2, 255]])
    masks = {"truth": {"mask_data": ids, "class_labels": {0: "sky", 1: "cat"}}}
    stored = store(Image(pixels((2, 2)), masks=masks), tmp_path)
    image, mask = stored.rows
    assert mask["fileType"] == "mask"
    assert mask["fileName"].endswith(".mask.png")
    assert drawn(stored) == {
        "masks": {"truth": {"fileName": mask["fileName"], "class_labels": {"0": "sky", "1": "cat"}}}
    }
    np.testing.assert_array_equal(stored.pixels(1)[..., 0], ids)
    assert mask["annotations"] is None
    assert image["fileType"] == "png"


def test_a_mask_without_labels_is_still_visible(tmp_path: Path) -> None:
    masks = {"m": {"mask_data": np.array([[0, 3]])}}
    stored = store(Image(pixels((1, 2)), masks=masks), tmp_path)
    assert drawn(stored)["masks"]["m"]["class_labels"] == {"3": "3"}


def test_a_mask_may_be_a_file_and_labels_a_list(tmp_path: Path) -> None:
    pillow.fromarray(np.zeros((2, 2, 3), np.uint8)).save(tmp_path / "ids.png")
    masks = {"m": {"path": tmp_path / "ids.png", "class_labels": ["sky", "cat"]}}
    stored = store(Image(pixels((2, 2)), masks=masks), tmp_path)
    assert stored.content(1) == (tmp_path / "ids.png").read_bytes()
    assert drawn(stored)["masks"]["m"] == {
        "fileName": stored.rows[1]["fileName"],
        "class_labels": {"0": "sky", "1": "cat"},
    }


def test_annotations_are_forwarded_verbatim(tmp_path: Path) -> None:
    text = '{ "boxes" : {} ,"mine":1}'
    assert store(Image(pixels((2, 2)), annotations=text), tmp_path).row["annotations"] == text


def test_annotations_join_boxes_and_masks(tmp_path: Path) -> None:
    for given_ in ({"boxes": {"old": {"box_data": []}}, "x": 1}, '{"boxes": {"old": {}}, "x": 1}'):
        image = Image(
            pixels((2, 2)),
            annotations=given_,
            boxes={"new": {"box_data": [BOX]}},
            masks={"m": {"mask_data": np.zeros((2, 2), int)}},
        )
        found = drawn(store(image, tmp_path))
        assert set(found) == {"boxes", "masks", "x"}
        assert set(found["boxes"]) == {"old", "new"}


@pytest.mark.parametrize(
    ("keywords", "fix"),
    [
        ({"boxes": [BOX]}, 'boxes= takes {"layer name"'),
        ({"boxes": {"a": {"box_data": BOX}}}, "takes a list of boxes"),
        ({"masks": np.zeros((2, 2))}, 'masks= takes {"layer name"'),
        ({"masks": {"a": {"mask_data": np.zeros(3)}}}, r"of shape \(H, W\)"),
        ({"masks": {"a": {}}}, r"of shape \(H, W\)"),
        ({"masks": {"a": {"mask_data": [[0]], "class_labels": 3}}}, "class_labels takes"),
        ({"annotations": 3}, "annotations= takes JSON text"),
        ({"annotations": "no json", "boxes": {"a": {"box_data": []}}}, "not JSON"),
    ],
)
def test_wrong_annotations_are_refused_with_the_right_form(
    keywords: dict[str, Any], fix: str
) -> None:
    with pytest.raises((UsageError, ValueError), match=fix):
        Image(np.zeros((2, 2)), **keywords)
