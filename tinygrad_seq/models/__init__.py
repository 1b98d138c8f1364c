"""Whole models: a language model, a classifier, an encoder-decoder. They take (batch, time)."""

from .captioner import Captioner
from .cells import CELLS, recurrent
from .char_lm import CharLM
from .classifier import SequenceClassifier
from .seq2seq import Seq2Seq

__all__ = ["CELLS", "Captioner", "CharLM", "Seq2Seq", "SequenceClassifier", "recurrent"]
