"""Pictures, a sound, a text, a curve."""

import numpy as np
from tensorboardX import SummaryWriter

writer = SummaryWriter("runs/media")
picture = np.zeros((3, 16, 24), dtype=np.float32)
picture[0] = np.linspace(0, 1, 24)
writer.add_image("picture", picture, 0)
writer.add_image("gray", picture[0], 0, dataformats="HW")
writer.add_images("batch", np.stack([picture, picture[::-1]]), 0)
boxes = np.array([[2, 3, 10, 12]])
writer.add_image_with_boxes("boxed", picture, boxes, 0, labels=["cat"])
writer.add_text("sample", "the quick brown fox", 0)
labels, guesses = np.array([0, 1, 1, 0]), np.array([0.1, 0.9, 0.4, 0.6])
writer.add_pr_curve("curve", labels, guesses, 0)
writer.add_scalar("done", 1.0, 0)
writer.close()
