"""Pictures with boxes and masks, sound, video, documents, histograms, points."""

import wave

import numpy as np
import wandb
from PIL import Image

with wave.open("beep.wav", "wb") as sound:
    sound.setnchannels(1)
    sound.setsampwidth(2)
    sound.setframerate(8000)
    sound.writeframes(np.zeros(800, "<i2").tobytes())
frames = [Image.new("RGB", (8, 8), (50 * n, 0, 0)) for n in range(3)]
frames[0].save("clip.gif", save_all=True, append_images=frames[1:])

pixels = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)
box = {"position": {"minX": 0.1, "maxX": 0.5, "minY": 0.2, "maxY": 0.6}, "class_id": 1}
mask = np.zeros((16, 16), dtype=np.uint8)
mask[4:8] = 1
labels = {0: "ground", 1: "cat"}
run = wandb.init(project="media")
run.log(
    {
        "picture": wandb.Image(pixels, caption="noise"),
        "several": [wandb.Image(pixels), wandb.Image(pixels[::-1])],
        "drawn": wandb.Image(
            pixels,
            boxes={"found": {"box_data": [box], "class_labels": labels}},
            masks={"truth": {"mask_data": mask, "class_labels": labels}},
        ),
        "pillow": wandb.Image(frames[1], mode="L"),
        "sound": wandb.Audio("beep.wav", caption="silence"),
        "clip": wandb.Video("clip.gif", caption="redder"),
        "page": wandb.Html("<h1>Hello</h1>", inject=False),
        "weights": wandb.Histogram([1, 2, 2, 3], num_bins=4),
        "counted": wandb.Histogram(np_histogram=np.histogram([1, 2, 2, 3], bins=3)),
        "points": wandb.Object3D(np.eye(3)),
        "loss": 0.5,
    }
)
run.log({"picture": wandb.Image(pixels // 2)}, step=5)
run.finish()
