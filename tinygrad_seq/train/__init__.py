"""Training: the loop and evaluation."""

from .evaluate import evaluate
from .loop import Step, train

__all__ = ["Step", "evaluate", "train"]
