"""Watching torch modules in real trainings."""

import copy
import gc
import io
import weakref
from typing import Any

import pytest

import pluto
from tests.compat.reading import facts, histograms, names

torch = pytest.importorskip("torch", reason="torch is not installed: pip install torch")

from torch import nn  # noqa: E402

from pluto.compat.torch import FREQUENCY, unwatch, watch  # noqa: E402


class Base(nn.Module):
    """What users derive from, whose own base is torch's."""


class Net(Base):
    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(144, 3)

    def forward(self, images: Any) -> Any:
        return self.head(torch.relu(self.norm(self.convolution(images))).flatten(1))


def train(module: nn.Module, steps: int, run: pluto.Op | None = None) -> list[float]:
    """Train on fixed noise; return the losses and log them."""
    noise = torch.Generator().manual_seed(1)
    optimizer = torch.optim.SGD(module.parameters(), 0.1)
    losses = []
    for _ in range(steps):
        loss = module(torch.randn(8, 1, 8, 8, generator=noise)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if run is not None:
            run.log({"loss": loss.item()})
    return losses


def net() -> Net:
    torch.manual_seed(0)
    return Net()


def test_every_second_pass_of_a_subclass_of_a_subclass_is_logged_under_the_running_step() -> None:
    module = net()
    with pluto.init() as run:
        run.watch(module, freq=2, bins=10)
        train(module, 6, run)
    parameters = {name for name, _ in module.named_parameters()}
    assert names(run, "grad/") == {f"grad/{name}" for name in parameters}
    assert names(run, "param/") == {f"param/{name}" for name in parameters}
    found = histograms(run, "grad/head.weight")
    assert [step for step, _ in found] == [1, 3, 5]
    assert all(sum(document["freq"]) == 432 for _, document in found)
    assert all(document["bins"]["num"] == 10 for _, document in found)


def test_a_gradient_has_the_range_that_torch_reports() -> None:
    module = nn.Linear(5, 3)
    with pluto.init() as run:
        run.watch(module, freq=1)
        module(torch.randn(4, 5)).square().mean().backward()
    ((step, found),) = histograms(run, "grad/weight")
    gradient = module.weight.grad
    assert gradient is not None
    assert step == 0
    assert (found["bins"]["min"], found["bins"]["max"]) == (
        gradient.min().item(),
        gradient.max().item(),
    )


def test_watching_changes_nothing_that_the_training_computes() -> None:
    plain, watched = net(), net()
    with pluto.init() as run:
        run.watch(watched, freq=1, disable_graph=False)
        assert train(watched, 8) == train(plain, 8)
    for one, other in zip(plain.parameters(), watched.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("keywords", "prefixes"),
    [
        ({"log": "gradients"}, {"grad"}),
        ({"log": "parameters"}, {"param"}),
        ({"log": "all"}, {"grad", "param"}),
        ({"log": None}, set()),
        ({"disable_grad": True}, {"param"}),
        ({"disable_param": True}, {"grad"}),
    ],
)
def test_the_caller_chooses_what_is_logged(keywords: dict[str, Any], prefixes: set[str]) -> None:
    module = nn.Linear(2, 2)
    with pluto.init() as run:
        run.watch(module, log_freq=1, **keywords)
        module(torch.ones(1, 2)).sum().backward()
    assert {name.partition("/")[0] for name in names(run, "") if "weight" in name} == prefixes


@pytest.mark.parametrize(
    "keywords", [{"freq": 0}, {"freq": 1.5}, {"bins": 10_001}, {"log": "weights"}, {"frequency": 5}]
)
def test_an_argument_that_cannot_work_is_refused_with_its_name(keywords: dict[str, Any]) -> None:
    with pluto.init() as run, pytest.raises(pluto.errors.UsageError, match=next(iter(keywords))):
        run.watch(nn.Linear(1, 1), **keywords)


def test_what_is_no_module_is_refused_and_stops_no_script(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pluto.init() as run:
        run.watch([nn.Linear(1, 1)])
    assert "watch() takes a torch.nn.Module, got list: nothing is watched" in caplog.text


def test_no_frequency_means_the_default() -> None:
    module = nn.Linear(1, 1)
    with pluto.init() as run:
        run.watch(module, freq=None)
        for _ in range(FREQUENCY):
            module(torch.ones(1, 1)).sum().backward()
    assert len(histograms(run, "grad/weight")) == 1


def test_when_its_run_has_ended_the_newest_live_run_gets_the_histograms() -> None:
    module = net()
    with pluto.init() as first:
        pluto.watch(module, freq=1)
        train(module, 2, first)
    with pluto.init() as second:
        train(module, 3, second)
    train(module, 1)  # no run is live
    assert len(histograms(first, "grad/head.bias")) == 2
    assert len(histograms(second, "grad/head.bias")) == 3


def test_a_second_watch_replaces_the_first() -> None:
    module = net()
    with pluto.init() as first, pluto.init() as second:
        first.watch(module, freq=1)
        second.watch(module, freq=2)
        train(module, 4)
    assert names(first, "grad/") == set()
    assert len(histograms(second, "grad/head.bias")) == 2
    assert len(histograms(second, "param/head.bias")) == 2


def test_unwatch_takes_every_hook_off() -> None:
    module, other = net(), net()
    with pluto.init() as run:
        watch(module, freq=1, disable_graph=False, op=run)
        watch(other, freq=1, op=run)
        unwatch(module)
        unwatch(module)
        unwatch()
        train(module, 2, run)
        train(other, 2, run)
    assert names(run, "grad/") | names(run, "param/") == set()
    assert all(not part._forward_hooks for part in module.modules())


def test_a_watched_module_is_copied_and_saved_without_its_hooks() -> None:
    module = net()
    with pluto.init() as run:
        run.watch(module, freq=1, disable_graph=False)
        average = copy.deepcopy(module)
        file = io.BytesIO()
        torch.save(module, file)
        file.seek(0)
        train(average, 1)
        train(torch.load(file, weights_only=False), 1)
    assert names(run, "grad/") | names(run, "param/") == set()


def test_a_watched_module_can_be_collected() -> None:
    module = net()
    with pluto.init() as run:
        run.watch(module, freq=1, disable_graph=False)
        train(module, 1)
        gone = weakref.ref(module)
        del module
        gc.collect()
        assert gone() is None


def test_odd_inputs_outputs_and_parameters_do_not_stop_the_training(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(nn.Parameter):
        def detach(self) -> Any:
            raise RuntimeError("this tensor refuses")

    class Unreadable(dict[str, Any]):
        def values(self) -> Any:
            raise KeyError("these values refuse")

    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.phase = nn.Parameter(torch.ones(2, dtype=torch.complex64))
            self.embedding = nn.Embedding(10, 2, sparse=True)
            self.inner, self.outer = nn.Identity(), nn.Identity()
            self.weight = nn.Parameter(torch.ones(2))
            self.weight.__class__ = Broken

        def forward(self, *, batch: dict[str, Any], mode: str) -> dict[str, Any]:
            rows = self.inner(self.embedding(batch["rows"][0]))
            self.outer(Unreadable())
            return {mode: (rows * self.weight).sum() + (self.phase.abs()).sum(), "none": None}

    module = Odd()
    with pluto.init() as run:
        run.watch(module, freq=1, disable_graph=False)
        module(batch={"rows": [torch.tensor([1, 1, 3])]}, mode="loss")["loss"].backward()
    assert names(run, "grad/") == {"grad/embedding.weight", "grad/weight"}
    assert names(run, "param/") == {"param/embedding.weight"}
    assert "this tensor refuses" in caplog.text
    assert "these values refuse" in caplog.text
    assert len(facts(run, "modelGraph")) == 1


def test_a_module_without_a_forward_logs_its_parameters_with_their_gradients() -> None:
    class Step(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(2, 1)

        def training_step(self) -> Any:
            return self.layer(torch.ones(1, 2)).sum()

    module = Step()
    with pluto.init() as run:
        run.watch(module, freq=3, disable_graph=False)
        module.training_step().backward()
        assert not any(part._forward_hooks for part in module.layer.modules())  # it is traced
        for _ in range(5):
            module.training_step().backward()
    assert len(histograms(run, "grad/layer.weight")) == 2
    assert len(histograms(run, "param/layer.weight")) == 2
    assert len(facts(run, "modelGraph")) == 1


@pytest.mark.parametrize("order", ["watched first", "compiled first"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_compiled_module_is_watched_and_not_compiled_again(order: str) -> None:
    counters = torch._dynamo.utils.counters
    torch._dynamo.reset()
    counters.clear()
    plain, module = net(), net()
    with pluto.init() as run:
        if order == "watched first":
            run.watch(module, freq=2)
            trained = torch.compile(module, backend="aot_eager")
        else:
            trained = torch.compile(module, backend="aot_eager")
            run.watch(trained, freq=2, disable_graph=False)
        losses = train(trained, 6)
    assert losses == pytest.approx(train(plain, 6), rel=1e-5)
    assert counters["stats"]["unique_graphs"] == 1
    assert counters["graph_break"] == {}
    parameters = {name for name, _ in plain.named_parameters()}
    for kind in ("grad", "param"):
        assert names(run, f"{kind}/") == {f"{kind}/{name}" for name in parameters}
        assert len(histograms(run, f"{kind}/head.weight")) == 3
    if order == "compiled first":
        (graph,) = facts(run, "modelGraph")
        assert set(graph["nodes"]) == {"Net", "convolution", "norm", "head"}


def test_a_run_that_records_nothing_is_watched_in_peace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    module = net()
    with pluto.init(mode="noop") as run:
        run.watch(module, freq=1, disable_graph=False)
        assert len(train(module, 2)) == 2
    assert "watch" not in caplog.text


def test_nothing_is_lost_when_histograms_come_faster_than_they_are_recorded() -> None:
    module = nn.Linear(1, 1)
    with pluto.init() as run:
        run.watch(module, freq=1)
        for _ in range(700):
            module(torch.ones(1, 1)).sum().backward()
    assert len(histograms(run, "grad/weight")) == 700
    assert len(histograms(run, "param/bias")) == 700
