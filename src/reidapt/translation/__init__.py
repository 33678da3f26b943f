"""Translated datasets: crops redrawn by a trained method, written so that every reader and trainer takes them."""

from reidapt.translation.figures import example_figure, neighbour_figure, pose_figure, report_retention
from reidapt.translation.retention import Retention, measure_retention
from reidapt.translation.translate import Translation, translate_dataset

__all__ = [
    "Retention",
    "Translation",
    "example_figure",
    "measure_retention",
    "neighbour_figure",
    "pose_figure",
    "report_retention",
    "translate_dataset",
]
