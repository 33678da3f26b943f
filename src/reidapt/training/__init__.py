"""The loop that trains any method, run folders, checkpoints."""

from reidapt.training.checkpoint import load
from reidapt.training.evaluate import evaluate, evaluate_run
from reidapt.training.loop import fit, train
from reidapt.training.run import Run

__all__ = ["Run", "evaluate", "evaluate_run", "fit", "load", "train"]
