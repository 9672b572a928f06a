"""A small CNN learns stripes: curves, pictures, histograms of gradients, the model's graph.

Needs torch: `python examples/torch_cnn.py`, then `pluto ui`.
"""

import torch
from torch import nn

import pluto

config = {"lr": 1e-2, "steps": 150, "batch": 32}


def stripes(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Noisy pictures of 16 x 16 with stripes across (0) or along (1)."""
    labels = torch.randint(0, 2, (count,))
    waves = torch.sin(torch.arange(16.0)).expand(count, 16, 16)
    pictures = torch.where(labels[:, None, None] == 0, waves, waves.transpose(1, 2))
    return pictures[:, None] + 0.5 * torch.randn(count, 1, 16, 16), labels


def main() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(392, 2)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=config["lr"])
    with pluto.init(project="examples", name="torch-cnn", config=config) as run:
        run.watch(model, freq=25, disable_graph=False)
        for step in range(int(config["steps"])):
            pictures, labels = stripes(int(config["batch"]))
            scores = model(pictures)
            loss = nn.functional.cross_entropy(scores, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            right = (scores.argmax(1) == labels).float().mean()
            run.log({"train/loss": loss, "train/accuracy": right}, step=step)
        pictures, _ = stripes(4)
        choices = model(pictures).argmax(1).tolist()
        captions = [("across", "along")[choice] for choice in choices]
        run.log({"predictions": list(map(pluto.Image, pictures, captions))}, step=config["steps"])


if __name__ == "__main__":
    main()
