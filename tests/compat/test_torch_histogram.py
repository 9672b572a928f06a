"""Counting the values of a tensor on its device."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="torch is not installed: pip install torch")

from pluto.compat.torch_histogram import start_histogram  # noqa: E402

FLOATS = st.floats(width=32, allow_nan=True, allow_infinity=True)


def histogram_of(tensor: Any, bins: int = 64) -> dict[str, Any] | None:
    pending = start_histogram(tensor, bins)
    histogram = None if pending is None else pending.resolve()
    return None if histogram is None else histogram.to_dict()


def test_values_inside_their_bins_are_counted_as_numpy_counts_them() -> None:
    import numpy as np

    values = torch.randint(0, 100, (500,)) + 0.5  # edges at whole numbers: no value is on one
    values[0], values[1] = 0.0, 100.0
    found = histogram_of(values, 100)
    assert found is not None
    assert found["freq"] == np.histogram(values.numpy(), 100)[0].tolist()
    assert found["bins"] == {"min": 0.0, "max": 100.0, "num": 100}


@given(st.lists(FLOATS, min_size=1, max_size=50), st.integers(1, 70))
def test_every_finite_value_is_counted_once_whatever_the_range(
    values: list[float], bins: int
) -> None:
    tensor = torch.tensor(values, dtype=torch.float32)
    finite = tensor[tensor.isfinite()]
    found = histogram_of(tensor, bins)
    if not finite.numel():
        assert found is None
        return
    assert found is not None
    assert sum(found["freq"]) == finite.numel()
    assert found["bins"]["min"] <= finite.min().item() <= finite.max().item()
    assert finite.max().item() <= found["bins"]["max"]


def test_equal_values_are_in_the_middle_of_a_range_of_width_one() -> None:
    found = histogram_of(torch.full((7,), 3.0), 5)
    assert found is not None
    assert found["freq"] == [0, 0, 7, 0, 0]
    assert found["bins"] == {"min": 2.5, "max": 3.5, "num": 5}


@pytest.mark.parametrize(
    "dtype",
    [torch.float64, torch.float16, torch.bfloat16, torch.int8, torch.int64, torch.bool],
    ids=str,
)
def test_every_real_type_is_counted(dtype: Any) -> None:
    found = histogram_of(torch.tensor([0, 1, 1, 1]).to(dtype), 2)
    assert found is not None
    assert found["freq"] == [1, 3]


def test_the_stored_values_of_a_sparse_tensor_are_counted() -> None:
    sparse = torch.sparse_coo_tensor([[0, 0, 2]], [1.0, 1.0, 4.0], (1000,), check_invariants=True)
    found = histogram_of(sparse, 2)
    assert found is not None
    assert found["freq"] == [1, 1]
    assert found["bins"]["max"] == 4.0


@pytest.mark.parametrize(
    "tensor",
    [torch.empty(0), torch.ones(3, dtype=torch.complex64), torch.ones(3, device="meta")],
    ids=["empty", "complex", "meta"],
)
def test_there_is_no_histogram_where_there_are_no_real_values(tensor: Any) -> None:
    assert start_histogram(tensor, 64) is None


def test_a_tensor_larger_than_a_chunk_is_counted_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pluto.compat.torch_histogram._CHUNK", 10)
    found = histogram_of(torch.arange(95.0), 5)
    assert found is not None
    assert found["freq"] == [19] * 5
