"""Logs what TensorBoard's writers are given: a `SummaryWriter` of our own, or beside the real one.

Example:
    >>> from pluto.compat.tensorboard import SummaryWriter
    >>> with SummaryWriter("runs/digits", project="digits") as writer:
    ...     writer.add_scalar("loss/train", 0.5, global_step=0)
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

import pluto
from pluto.compat.tensorboard_curves import curve_values, precision_recall, raw_counts
from pluto.compat.tensorboard_images import boxes_of, channels_last, legend
from pluto.compat.tensorboard_patch import patch, restore
from pluto.compat.tensorboard_runs import WriterRun, default_log_dir
from pluto.compat.tensorboard_spaces import clouds, embedding_files
from pluto.notice import Notices
from pluto.op import Op

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["SummaryWriter", "patch", "restore"]

notices = Notices()

BINS = 64


class SummaryWriter:
    """Takes what `torch.utils.tensorboard.SummaryWriter` and that of tensorboardX take.

    It logs to the live run of the script; where there is none it begins one of its own, named
    after `log_dir`, which `close()` ends. Tags are names of metrics. Where `global_step` is left
    out, each tag counts by itself from 0.

    Args:
        log_dir: names the run; `runs/<time>_<host><comment>` by default. No event files are
            written there.
        comment: end of the default name.
        purge_step: go on with the run that an earlier writer began for this `log_dir`; steps that
            are logged again replace the earlier ones.
        max_queue: without effect, as are `flush_secs` and `filename_suffix`: nothing waits.
        flush_secs: without effect.
        filename_suffix: without effect.
        op: the run to log to.
        logdir: tensorboardX's name of `log_dir`.
        write_to_disk: False keeps nothing.
        **arguments: of `pluto.init` for a run of its own, such as `project`.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,  # noqa: ARG002
        flush_secs: int = 120,  # noqa: ARG002
        filename_suffix: str = "",  # noqa: ARG002
        *,
        op: Op | None = None,
        logdir: str | os.PathLike[str] | None = None,
        write_to_disk: bool = True,
        **arguments: Any,
    ) -> None:
        chosen = log_dir if log_dir is not None else logdir
        self.log_dir = os.fspath(chosen) if chosen else default_log_dir(comment)
        self.purge_step = purge_step
        arguments.pop("comet_config", None)
        if not write_to_disk:
            arguments["mode"] = "noop"
        self._run = WriterRun(self.log_dir, op, arguments, goes_on=purge_step is not None)
        self._counts: dict[str, int] = {}

    @property
    def op(self) -> Op:
        """The run, also when it has ended."""
        return self._run.op

    @property
    def logdir(self) -> str:
        """TensorboardX's name of `log_dir`."""
        return self.log_dir

    def get_logdir(self) -> str:
        """Return the directory that the writer was named by."""
        return self.log_dir

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        *_options: Any,
        **_more: Any,
    ) -> None:
        """Log a number."""
        self._log(tag, scalar_value, global_step, walltime)

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, Any],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Log numbers as `main_tag/<name>`."""
        self._log(main_tag, dict(tag_scalar_dict), global_step, walltime)

    def add_tensor(
        self,
        tag: str,
        tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Log how often the values of a tensor occur."""
        self.add_histogram(tag, tensor, global_step, walltime=walltime)

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: int | None = None,
        bins: str | int | Sequence[float] = "tensorflow",
        walltime: float | None = None,
        max_bins: int | None = None,
    ) -> None:
        """Log how often values occur, in 64 equal bins unless `bins` is a number or edges."""
        if isinstance(bins, (str, int)):
            count = BINS if isinstance(bins, str) else bins
            histogram = pluto.Histogram(values, min(count, max_bins or count))
        else:
            import numpy as np

            flat = np.asarray(values, np.float64).reshape(-1)
            histogram = pluto.Histogram(np_histogram=np.histogram(flat, bins=list(bins)))
        self._log(tag, histogram, global_step, walltime)

    def add_histogram_raw(  # noqa: PLR0917 - the order of TensorBoard
        self,
        tag: str,
        min: float,  # noqa: A002 - the names of TensorBoard
        max: float,  # noqa: A002, ARG002
        num: float,  # noqa: ARG002
        sum: float,  # noqa: A002, ARG002
        sum_squares: float,  # noqa: ARG002
        bucket_limits: Sequence[float],
        bucket_counts: Sequence[float],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Log counts; `bucket_limits` are the upper ends of the bins, `min` the lowest one."""
        low = min if min < bucket_limits[0] else bucket_limits[0] - 1.0
        edges = [low, *bucket_limits]
        self._log(
            tag, pluto.Histogram(np_histogram=(list(bucket_counts), edges)), global_step, walltime
        )

    def add_image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:
        """Log a picture."""
        pixels = channels_last(img_tensor, dataformats)
        self._log(tag, pluto.Image(pixels), global_step, walltime)

    def add_images(
        self,
        tag: str,
        img_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:
        """Log a batch of pictures as one grid."""
        self.add_image(tag, img_tensor, global_step, walltime, dataformats)

    def add_image_with_boxes(  # noqa: PLR0917 - the order of TensorBoard
        self,
        tag: str,
        img_tensor: Any,
        box_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        rescale: float = 1,  # noqa: ARG002
        dataformats: str = "CHW",
        labels: Sequence[str] | None = None,
    ) -> None:
        """Log a picture with boxes (N, 4) of left, top, right and bottom pixels beside it."""
        boxes = {tag: {"box_data": boxes_of(box_tensor, labels), "class_labels": legend(labels)}}
        pixels = channels_last(img_tensor, dataformats)
        self._log(tag, pluto.Image(pixels, boxes=boxes), global_step, walltime)

    def add_figure(
        self,
        tag: str,
        figure: Any,
        global_step: int | None = None,
        close: bool = True,
        walltime: float | None = None,
    ) -> None:
        """Log a figure of matplotlib, or a list of such; they are closed then."""
        figures = list(figure) if isinstance(figure, (list, tuple)) else [figure]
        self._log(tag, [pluto.Image(each) for each in figures], global_step, walltime)
        if close:
            from matplotlib import pyplot as plt

            for each in figures:
                plt.close(each)

    def add_video(
        self,
        tag: str,
        vid_tensor: Any,
        global_step: int | None = None,
        fps: float = 4,
        walltime: float | None = None,
        **_options: Any,
    ) -> None:
        """Log a video (batch, time, channel, height, width) as a GIF."""
        self._log(tag, pluto.Video(vid_tensor, fps=fps, format="gif"), global_step, walltime)

    def add_audio(
        self,
        tag: str,
        snd_tensor: Any,
        global_step: int | None = None,
        sample_rate: int = 44100,
        walltime: float | None = None,
    ) -> None:
        """Log a sound of samples from -1 to 1."""
        self._log(tag, pluto.Audio(snd_tensor, rate=sample_rate), global_step, walltime)

    def add_text(
        self,
        tag: str,
        text_string: str,
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Log a text."""
        self._log(tag, pluto.Text(text_string), global_step, walltime)

    def add_pr_curve(  # noqa: PLR0917 - the order of TensorBoard
        self,
        tag: str,
        labels: Any,
        predictions: Any,
        global_step: int | None = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Log precision over recall of labels 0 and 1: a table, and a figure as `<tag>/curve`."""
        columns = precision_recall(labels, predictions, num_thresholds, weights)
        for name, value in curve_values(tag, columns).items():
            self._log(name, value, global_step, walltime)

    def add_pr_curve_raw(  # noqa: PLR0917 - the order of TensorBoard
        self,
        tag: str,
        true_positive_counts: Any,
        false_positive_counts: Any,
        true_negative_counts: Any,
        false_negative_counts: Any,
        precision: Any,
        recall: Any,
        global_step: int | None = None,
        num_thresholds: int = 127,
        weights: Any = None,  # noqa: ARG002
        walltime: float | None = None,
    ) -> None:
        """Log a curve whose counts are known."""
        counts = (
            *(true_positive_counts, false_positive_counts),
            *(true_negative_counts, false_negative_counts),
        )
        columns = raw_counts(counts, precision, recall, num_thresholds)
        for name, value in curve_values(tag, columns).items():
            self._log(name, value, global_step, walltime)

    def add_hparams(
        self,
        hparam_dict: Mapping[str, Any],
        metric_dict: Mapping[str, Any],
        hparam_domain_discrete: Any = None,  # noqa: ARG002
        run_name: str | None = None,  # noqa: ARG002 - the run has its name
        global_step: int | None = None,
        **_options: Any,
    ) -> None:
        """Add hyperparameters to the run's config, and log what they led to."""
        self._run.live().update_config(hparam_dict)
        for name, value in metric_dict.items():
            self._log(name, value, global_step, None)

    def add_graph(self, model: Any, *_inputs: Any, **_options: Any) -> None:
        """Send the tree of a torch module's parts; the inputs are not run through it."""
        if not hasattr(model, "named_modules"):
            self._refuse("add_graph", f"{type(model).__name__} is no torch module")
            return
        from pluto.compat.torch import log_graph

        log_graph(model, op=self._run.live())

    def add_onnx_graph(self, prototxt: str | os.PathLike[str]) -> None:
        """Keep the file of an ONNX model."""
        self._log("onnx_graph", pluto.File(prototxt), None, None)

    def add_mesh(  # noqa: PLR0917 - the order of TensorBoard
        self,
        tag: str,
        vertices: Any,
        colors: Any = None,
        faces: Any = None,
        config_dict: Any = None,  # noqa: ARG002
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Log the vertices of meshes as points; Pluto draws no faces, which one warning says."""
        if faces is not None:
            notices.warn("faces", "SummaryWriter.add_mesh() keeps the vertices and no faces")
        self._log(tag, clouds(vertices, colors), global_step, walltime)

    def add_embedding(
        self,
        mat: Any,
        metadata: Any = None,
        label_img: Any = None,
        global_step: int | None = None,
        tag: str = "default",
        metadata_header: Any = None,
    ) -> None:
        """Keep vectors and their texts as the TSV files that TensorBoard's projector loads."""
        if label_img is not None:
            notices.warn("label_img", "SummaryWriter.add_embedding() keeps no label_img")
        for name, file in embedding_files(mat, metadata, metadata_header).items():
            self._log(f"{tag}/{name}", file, global_step, None)

    def add_custom_scalars(self, *_layout: Any, **_options: Any) -> None:
        """Do nothing: layouts are made in the dashboard."""

    add_custom_scalars_multilinechart = add_custom_scalars
    add_custom_scalars_marginchart = add_custom_scalars

    def flush(self) -> None:
        """Do nothing: what was logged is safe."""

    def close(self) -> None:
        """End the run, if the writer began it; what is logged afterwards goes on with it."""
        self._run.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        self._run.close(error)
        return False

    def _log(self, tag: str, value: Any, step: Any, walltime: float | None) -> None:
        if step is None:
            step = self._counts.get(tag, 0)
        if isinstance(step, int):
            self._counts[tag] = step + 1
        self._run.live().log({tag: value}, step=step, timestamp=walltime)

    def _refuse(self, method: str, instead: str) -> None:
        notices.warn(method, "SummaryWriter.%s() stores nothing: %s", method, instead)
