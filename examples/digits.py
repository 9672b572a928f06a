"""Train a small network on handwritten digits and log what one wants to see of it.

    pip install 'pluto-ml[demo]'
    python examples/digits.py --seconds 20
    pluto ui

Three runs, one for each learning rate, so that there is something to compare. The data are the
1,797 digits that scikit-learn ships; the network is two hidden layers in numpy.
"""

import argparse
import itertools
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

import pluto

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

PROJECT = "digits"
LEARNING_RATES = (0.003, 0.03, 0.15)
CLASSES = 10
VALIDATION = 360  # images set aside


@dataclass(frozen=True)
class Digits:
    """Images as rows of 64 grey values from 0 to 1, and what they show."""

    train: Array
    train_labels: Labels
    validation: Array
    validation_labels: Labels

    @classmethod
    def load(cls, seed: int = 0) -> "Digits":
        images, labels = load_digits(return_X_y=True)
        order = np.random.default_rng(seed).permutation(len(images))
        images, labels = images[order] / 16.0, labels[order].astype(np.int64)
        return cls(
            images[VALIDATION:], labels[VALIDATION:], images[:VALIDATION], labels[:VALIDATION]
        )

    def batches(self, size: int, rng: np.random.Generator) -> Iterator[tuple[Array, Labels]]:
        """One epoch in random order, each batch moved by up to one pixel."""
        order = rng.permutation(len(self.train))
        for start in range(0, len(order) - size + 1, size):
            chosen = order[start : start + size]
            moved = np.roll(self.train[chosen].reshape(-1, 8, 8), rng.integers(-1, 2, 2), (1, 2))
            yield moved.reshape(size, 64), self.train_labels[chosen]


class Network:
    """Fully connected layers with ReLU between them, trained by momentum."""

    def __init__(self, sizes: tuple[int, ...], rng: np.random.Generator) -> None:
        pairs = list(itertools.pairwise(sizes))
        self.weights = [rng.normal(0, math.sqrt(2 / a), (a, b)) for a, b in pairs]
        self.biases = [np.zeros(b) for _, b in pairs]
        self._velocities = [np.zeros_like(p) for p in self.parameters]

    @property
    def parameters(self) -> list[Array]:
        return [*self.weights, *self.biases]

    def activations(self, images: Array) -> list[Array]:
        """The input, each hidden layer's output and, last, the class probabilities."""
        layers = [images]
        for weights, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            layers.append(np.maximum(layers[-1] @ weights + bias, 0))
        scores = layers[-1] @ self.weights[-1] + self.biases[-1]
        exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
        return [*layers, exponentials / exponentials.sum(axis=1, keepdims=True)]

    def gradients(self, layers: list[Array], labels: Labels) -> list[Array]:
        """Gradients of the mean cross-entropy, in the order of `parameters`."""
        error = layers[-1].copy()
        error[np.arange(len(labels)), labels] -= 1
        error /= len(labels)
        weights: list[Array] = []
        biases: list[Array] = []
        for layer in reversed(range(len(self.weights))):
            weights.insert(0, layers[layer].T @ error)
            biases.insert(0, error.sum(axis=0))
            error = (error @ self.weights[layer].T) * (layers[layer] > 0)
        return [*weights, *biases]

    def update(self, gradients: list[Array], rate: float, momentum: float) -> None:
        for parameter, velocity, gradient in zip(
            self.parameters, self._velocities, gradients, strict=True
        ):
            velocity[:] = momentum * velocity - rate * gradient
            np.add(parameter, velocity, out=parameter)


def score(probabilities: Array, labels: Labels) -> tuple[float, float]:
    """Mean cross-entropy and accuracy."""
    likelihoods = probabilities[np.arange(len(labels)), labels]
    correct = probabilities.argmax(axis=1) == labels
    return float(-np.log(likelihoods + 1e-12).mean()), float(correct.mean())


def validate(run: pluto.Op, network: Network, digits: Digits, step: int) -> float:
    """Log the scores on unseen images and the weights' distribution; return the accuracy."""
    loss, accuracy = score(network.activations(digits.validation)[-1], digits.validation_labels)
    run.log({"val/loss": loss, "val/acc": accuracy}, step=step)
    histograms = {
        f"weights/layer{index}": pluto.Histogram(weights, bins=40)
        for index, weights in enumerate(network.weights)
    }
    run.log(histograms, step=step)
    return accuracy


def show_mistakes(run: pluto.Op, network: Network, digits: Digits, step: int) -> None:
    """Log the confusion matrix and the images that the network is most wrong about."""
    labels = digits.validation_labels
    probabilities = network.activations(digits.validation)[-1]
    predictions = probabilities.argmax(axis=1)
    confusion = np.zeros((CLASSES, CLASSES), dtype=np.int64)
    np.add.at(confusion, (labels, predictions), 1)
    names = [str(digit) for digit in range(CLASSES)]
    table = pluto.Table(confusion.tolist(), columns=names, rows=names)
    worst = np.argsort(probabilities[np.arange(len(labels)), labels])[:8]
    images = [
        pluto.Image(
            np.kron(digits.validation[i].reshape(8, 8), np.ones((12, 12))),
            caption=f"a {labels[i]}, seen as {predictions[i]} ({probabilities[i].max():.0%} sure)",
        )
        for i in worst
    ]
    run.log({"val/confusion": table, "val/hardest": images}, step=step)


@dataclass(frozen=True)
class Recipe:
    """What a run varies or might vary; logged as its config."""

    lr: float
    momentum: float = 0.9
    batch: int = 32
    hidden: tuple[int, int] = (384, 192)
    seed: int = 1


def run_name(rate: float) -> str:
    return f"lr-{rate}"


def fit(run: pluto.Op, recipe: Recipe, digits: Digits, seconds: float) -> float:
    """Train a new network for `seconds`; return the accuracy that was logged last."""
    rng = np.random.default_rng(recipe.seed)
    network = Network((64, *recipe.hidden, CLASSES), rng)
    started, step, accuracy = time.monotonic(), 0, 0.0
    while (progress := (time.monotonic() - started) / seconds) < 1:
        rate = recipe.lr * (1 + math.cos(math.pi * progress)) / 2  # falls along a cosine
        for images, labels in digits.batches(recipe.batch, rng):
            layers = network.activations(images)
            gradients = network.gradients(layers, labels)
            network.update(gradients, rate, recipe.momentum)
            loss, correct = score(layers[-1], labels)
            norms = {f"grad/layer{i}": float(np.linalg.norm(gradients[i])) for i in range(3)}
            run.log({"train/loss": loss, "train/acc": correct, "lr": rate, **norms}, step=step)
            step += 1
        accuracy = validate(run, network, digits, step)
    show_mistakes(run, network, digits, step)
    print(f"digits: learning rate {recipe.lr}, {step:,} steps, accuracy {accuracy:.3f}")
    return accuracy


def train(rate: float, seconds: float, digits: Digits, directory: str | None = None) -> float:
    """Record one training as a run on this disk; return its last accuracy."""
    recipe = Recipe(rate)
    with (
        threadpool_limits(1),  # matrices this small lose by sharing the work
        pluto.init(
            project=PROJECT,
            name=run_name(rate),
            config=recipe,
            tags=["demo", "numpy"],
            dir=directory,
            mode="local",
        ) as run,
    ):
        return fit(run, recipe, digits, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=20, help="training time of all runs")
    parser.add_argument("--dir", help="where the runs are kept (default: here)")
    arguments = parser.parse_args()
    digits = Digits.load()
    for rate in LEARNING_RATES:
        train(rate, arguments.seconds / len(LEARNING_RATES), digits, arguments.dir)


if __name__ == "__main__":
    main()
