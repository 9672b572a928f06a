"""A torch model that is trained, with its graph, weights and samples."""

import torch
from torch.utils.tensorboard import SummaryWriter

torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
writer = SummaryWriter(log_dir="runs/training")
writer.add_graph(model, torch.ones(2, 4))
for step in range(5):
    loss = model(torch.ones(2, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    writer.add_scalar("loss", loss, step)
    for name, parameter in model.named_parameters():
        writer.add_histogram(name, parameter, step)
writer.add_image("picture", torch.rand(3, 8, 8), 4)
writer.add_scalars("last", {"loss": loss.item()}, 4)
writer.close()
