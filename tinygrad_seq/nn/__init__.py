"""Layers and recurrent modules, with PyTorch's names, weight layouts and state-dict keys."""

from .. import functional
from . import init
from .activations import activation_bytes
from .attention import Attention, AttentionOutput
from .dropout import Dropout
from .embedding import Embedding
from .explain import explain
from .gru import GRU, GRUCell
from .linear import Linear
from .lstm import LSTM, LSTMCell
from .mlstm import MLSTM, MLSTMCell
from .module import Module, Parameter
from .norm import LayerNorm
from .rnn import RNN, RNNCell
from .sequential import Sequential
from .state import LSTMState, RecurrentOutput

__all__ = [
    "GRU",
    "LSTM",
    "MLSTM",
    "RNN",
    "Attention",
    "AttentionOutput",
    "Dropout",
    "Embedding",
    "GRUCell",
    "LSTMCell",
    "LSTMState",
    "LayerNorm",
    "Linear",
    "MLSTMCell",
    "Module",
    "Parameter",
    "RNNCell",
    "RecurrentOutput",
    "Sequential",
    "activation_bytes",
    "explain",
    "functional",
    "init",
]
