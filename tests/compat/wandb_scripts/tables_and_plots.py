"""Tables that grow, and the charts that are made of them."""

import math

import wandb

with wandb.init(project="tables") as run:
    table = wandb.Table(columns=["text", "label", "score"])
    for number in range(4):
        table.add_data(f"sentence {number}", number % 2, number / 4)
    table.add_column("length", [len(text) for text in table.get_column("text")])
    run.log({"predictions": table})

    xy = wandb.Table(data=[[x / 10, math.sin(x / 10)] for x in range(20)], columns=["x", "y"])
    run.log(
        {
            "charts/line": wandb.plot.line(xy, "x", "y", title="Sine"),
            "charts/scatter": wandb.plot.scatter(xy, "x", "y"),
            "charts/bar": wandb.plot.bar(table, "text", "score", title="Scores"),
            "charts/histogram": wandb.plot.histogram(table, "score"),
            "charts/series": wandb.plot.line_series(
                [0, 1, 2], [[1, 2, 3], [3, 2, 1]], ["up", "down"]
            ),
            "charts/matrix": wandb.plot.confusion_matrix(
                y_true=[0, 1, 1, 0], preds=[0, 1, 0, 0], class_names=["cat", "dog"]
            ),
        }
    )
    run.log({"rows": len(table.data)})
