"""A language model over characters or bytes: many-to-many, aligned."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from .. import functional as F
from .. import ops, scope
from ..backend import owner
from ..data import Batch, ByteVocab, Vocab
from ..errors import ConfigError
from ..nn import Dropout, Embedding, Linear, Module, RecurrentOutput
from ..nn.arguments import beside
from ..tensor import Tensor
from .cells import CellName, recurrent
from .inference import inference
from .sampling import choose, probabilities
from .stepping import Change, Stepwise, bare, by_layer

__all__ = ["CharLM"]


class CharLM(Module):
    """P(x_{t+1} | x_1 .. x_t) = softmax(W h_t + b), h_t from a recurrent net that reads one symbol at a time.

    Without `embedding_size` a symbol enters as a one-hot vector. `weight_norm` is that of `nn.MLSTM`. Dropout works
    between layers and before the output.
    Shapes: x (batch, time), whole numbers; logits (batch, time, V).

    >>> from tinygrad_seq.data import CharVocab
    >>> model = CharLM(CharVocab("abc"), hidden_size=8)
    >>> logits, state = model(np.array([[0, 1, 2]]))
    >>> logits.shape, state.h.shape
    ((1, 3, 3), (1, 1, 8))
    """

    def __init__(
        self,
        vocab: Vocab,
        hidden_size: int = 128,
        num_layers: int = 1,
        *,
        cell: CellName = "lstm",
        embedding_size: int | None = None,
        weight_norm: bool = False,
        dropout: float = 0.0,
        dtype: Any = "float32",
    ) -> None:
        self.vocab = vocab
        self.hidden_size, self.num_layers, self.cell = hidden_size, num_layers, cell
        self.embedding_size, self.weight_norm = embedding_size, weight_norm
        self.dropout_p, self.dtype = dropout, np.dtype(dtype).name
        self.embedding = None if embedding_size is None else Embedding(len(vocab), embedding_size, dtype)
        size = len(vocab) if embedding_size is None else embedding_size
        # Time comes first inside: hidden states stay as the recurrence leaves them, and the head is one product.
        options: dict[str, Any] = {"weight_norm": weight_norm, "batch_first": False, "dtype": dtype}
        self.rnn = recurrent(cell, size, hidden_size, num_layers, dropout, **options)
        self.dropout = Dropout(dropout, batch_axis=1)
        self.head = Linear(hidden_size, len(vocab), dtype=dtype)

    def config(self) -> dict[str, Any]:
        """Return the arguments that build this model again, without the vocabulary."""
        return {
            "hidden_size": self.hidden_size,
            "num_layers": self.num_layers,
            "cell": self.cell,
            "embedding_size": self.embedding_size,
            "weight_norm": self.weight_norm,
            "dropout": self.dropout_p,
            "dtype": self.dtype,
        }

    def forward(self, x: Any, state: Any = None) -> tuple[Tensor, Any]:
        """Return the scores of every next symbol, and the state after the last one."""
        output, state = self.read(x, state)
        return ops.swapaxes(self.head(self.dropout(output)), 0, 1), state

    def read(self, x: Any, state: Any = None, lengths: Any = None) -> RecurrentOutput:
        """Return the hidden states (time, batch, H), and the state after the true last symbol of each row."""
        x = ops.swapaxes(beside(x, self.head.weight), 0, 1)
        if self.embedding is None:
            return self.rnn(x, state, lengths=lengths)
        if len(self.vocab) < x.size:  # fewer symbols than places: cheaper to multiply each symbol's vector once
            return self.rnn(x, state, lengths=lengths, table=self.embedding.weight)
        return self.rnn(self.embedding(x), state, lengths=lengths)

    def loss(self, batch: Batch, state: Any = None) -> tuple[Tensor, Any]:
        """Return the mean cross-entropy of a batch in nats per symbol, and the state to carry on, detached.

        The state starts from zero where the batch says that nothing came before (`starts_epoch`).
        """
        logits, state = self(batch.x, None if batch.starts_epoch else state)
        y = beside(batch.y, logits)
        return F.cross_entropy(ops.swapaxes(logits, 0, 1), ops.swapaxes(y, 0, 1)), state.detach()  # as they lie there

    def stream(
        self,
        prime: str = "",
        *,
        length: int = 200,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
        change: Callable[[int], Change | None] | None = None,
    ) -> Iterator[str]:
        """Yield `length` symbols of generated text, each drawn given all before it; the prime is read, not repeated.

        Without a prime the model reads a newline first (or the first symbol it knows). Dropout is off, the same seed
        gives the same text, and `temperature`, `top_k` and `top_p` are those of `sampling.probabilities`. A byte that
        is not the last of its character yields "", and a character cut off at the end is left out. `change(n)` may
        return what is to change the state from which symbol n >= 1 is written; see `stepping.Change`.

        Raises:
            DataError: the vocabulary does not know a symbol of the prime.
            ConfigError: a setting is out of range.
        """
        if length < 0:
            raise ConfigError(f"length={length}: how many symbols to write, at least 0.")
        if change is not None and type(self).forward is not CharLM.forward:
            raise ConfigError(
                f"{type(self).__name__} has a forward of its own: its state cannot be changed step by step."
            )
        vocab, rng = self.vocab, np.random.default_rng(seed)
        ids = vocab.encode(prime, strict=True) if prime else first(vocab)
        utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        state: Any = None
        written: Any = cache(vocab.to_bytes if isinstance(vocab, ByteVocab) else vocab.decode)
        # a model with a forward of its own writes by that; who watches sees the modules at work
        stepwise = change is not None or (type(self).forward is CharLM.forward and scope.mode.get().watcher is None)
        after = self.stepping()
        for n in range(length):
            if stepwise and state is not None:
                rows, state = after(ids, state, None if change is None else change(n))
                scores = rows[0]
            else:
                with inference(self):  # anew for each symbol: between two of them the caller may go on training
                    logits, state = self(ids[None, :], state)
                scores, state = logits[0, -1].numpy(), by_layer(state) if stepwise else state
            p = probabilities(scores, temperature, top_k, top_p)
            symbol = choose(rng, p)
            ids = np.array([symbol])
            text = written((symbol,))
            yield utf8.decode(text) if isinstance(text, bytes) else text

    def stepping(self) -> Callable[..., tuple[np.ndarray, Any]]:
        """Return `scores, state = after(ids, state, change=None)`: one more symbol in each row, without a graph.

        There is no dropout. The state is by layer; for `change` see `stepping.Change`.
        Shapes: ids (B,), scores (B, V).
        """
        steps = Stepwise(self.rnn)

        def after(ids: np.ndarray, state: Any, change: Change | None = None) -> tuple[np.ndarray, Any]:
            W, b = bare(self.head.weight), bare(self.head.bias)
            x_t: Any = ids
            if type(W) is not np.ndarray:
                x_t = Tensor.handle(owner(W.data).from_host(ids), None)
            if self.embedding is not None:
                x_t = ops.getitem(bare(self.embedding.weight), x_t)
            h_t, state = steps(x_t, state, change)
            scores: Any = F.linear(h_t, W, b)
            return scores if isinstance(scores, np.ndarray) else scores.numpy(), state

        return after

    def generate(
        self,
        prime: str = "",
        *,
        length: int = 200,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
    ) -> str:
        """Return the prime and `length` symbols of generated text after it; see `stream`."""
        options: dict[str, Any] = {"length": length, "temperature": temperature, "top_k": top_k, "top_p": top_p}
        return prime + "".join(self.stream(prime, seed=seed, **options))

    def extra_repr(self) -> str:
        """Return the vocabulary's size and kind."""
        return f"{len(self.vocab)} {self.vocab.kind}"


def first(vocab: Vocab) -> np.ndarray:
    """Return what is read where there is no prime: a newline if it is known, as if a line began."""
    return np.array([ord("\n") if isinstance(vocab, ByteVocab) else max(vocab.symbols.find("\n"), 0)])
