"""Where this package differs from PyTorch: a table of pairs of examples, each of which a test runs as a doctest."""

from __future__ import annotations

from textwrap import dedent
from typing import NamedTuple

from docs.site.sections import in_sections


class Row(NamedTuple):
    """One difference: what it is, why, and the same intention written for each of the two."""

    name: str
    why: str
    ours: str
    theirs: str


TABLE = {
    "Shapes and names": [
        Row(
            "`axis` and `keepdims`, not `dim` and `keepdim`",
            "Names are the Python Array API's, as in NumPy; another library's name is answered with ours.",
            """
            >>> tg.tensor([[1.0, 2.0], [3.0, 4.0]]).sum(axis=1, keepdims=True)
            tensor([[3.],
                    [7.]])
            """,
            """
            >>> torch.tensor([[1.0, 2.0], [3.0, 4.0]]).sum(dim=1, keepdim=True)
            tensor([[3.],
                    [7.]])
            """,
        ),
        Row(
            "`split` takes how many parts, not how long they are",
            "As in NumPy. In code that was carried over the result has another number of parts, without an error.",
            """
            >>> tg.split(tg.arange(6), 2)
            (tensor([0, 1, 2]), tensor([3, 4, 5]))
            """,
            """
            >>> torch.split(torch.arange(6), 2)
            (tensor([0, 1]), tensor([2, 3]), tensor([4, 5]))
            """,
        ),
        Row(
            "`max`, `min` and `sort` give values alone",
            "Positions come from `argmax`, `argmin`, `argsort`.",
            """
            >>> tg.tensor([[1.0, 5.0], [7.0, 3.0]]).max(axis=1)
            tensor([5., 7.])
            """,
            """
            >>> torch.tensor([[1.0, 5.0], [7.0, 3.0]]).max(dim=1).values
            tensor([5., 7.])
            """,
        ),
        Row(
            "`var` and `std` divide by n, not by n - 1",
            "The Array API's default; `correction=1` divides by n - 1.",
            """
            >>> x = tg.tensor([1.0, 2.0, 3.0])
            >>> tg.var(x), tg.var(x, correction=1)
            (tensor(0.6667), tensor(1.))
            """,
            """
            >>> x = torch.tensor([1.0, 2.0, 3.0])
            >>> torch.var(x, correction=0), torch.var(x)
            (tensor(0.6667), tensor(1.))
            """,
        ),
        Row(
            "The class axis of a loss is the last one",
            "Logits of a sequence go in as they come out of the layer: (time, batch, classes).",
            """
            >>> logits, targets = tg.zeros((5, 2, 3)), tg.zeros((5, 2), dtype="int64")
            >>> tg.functional.cross_entropy(logits, targets)
            tensor(1.0986)
            """,
            """
            >>> logits, targets = torch.zeros(5, 2, 3), torch.zeros(5, 2, dtype=torch.int64)
            >>> torch.nn.functional.cross_entropy(logits.permute(0, 2, 1), targets)
            tensor(1.0986)
            """,
        ),
        Row(
            "Number types meet as in NumPy",
            "Whole numbers of 64 bits and float32 make float64; in PyTorch the float's own type stays.",
            """
            >>> (tg.tensor([1.0]) + tg.tensor([2])).dtype
            dtype('float64')
            """,
            """
            >>> (torch.tensor([1.0]) + torch.tensor([2])).dtype
            torch.float32
            """,
        ),
    ],
    "Recurrent modules": [
        Row(
            "`lengths=` in the place of packed sequences",
            "Padded input and its lengths: nothing is sorted, every row comes out as if it were alone.",
            """
            >>> rnn, x = tg.nn.RNN(2, 3), tg.randn(4, 2, 2)
            >>> with tg.no_grad():
            ...     output, h = rnn(x, lengths=[2, 4])
            ...     alone, _ = rnn(x[:2, :1])
            >>> bool((output[:2, 0] == alone[:, 0]).numpy().all()), output[2:, 0].tolist()
            (True, [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
            """,
            """
            >>> from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
            >>> rnn, x = torch.nn.RNN(2, 3), torch.randn(4, 2, 2)
            >>> packed = pack_padded_sequence(x, [2, 4], enforce_sorted=False)
            >>> output, _ = pad_packed_sequence(rnn(packed)[0])
            >>> alone, _ = rnn(x[:2, :1])
            >>> torch.allclose(output[:2, 0], alone[:, 0]), output[2:, 0].tolist()
            (True, [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
            """,
        ),
        Row(
            "`.last`: the output after each row's true last step",
            "In both directions: `output[-1]` holds the backward direction after one step only.",
            """
            >>> net = tg.nn.GRU(2, 3, bidirectional=True)
            >>> result = net(tg.randn(5, 1, 2))
            >>> result.last.shape, bool((result.last[:, 3:] == result.output[0, :, 3:]).numpy().all())
            ((1, 6), True)
            """,
            """
            >>> net = torch.nn.GRU(2, 3, bidirectional=True)
            >>> output, h = net(torch.randn(5, 1, 2))
            >>> last = torch.cat([h[0], h[1]], dim=1)
            >>> tuple(last.shape), bool((last[:, 3:] == output[0, :, 3:]).all())
            ((1, 6), True)
            """,
        ),
        Row(
            "The state is one value, and `detach()` works on the whole of it",
            "It unpacks as the pair (h, c) that it is.",
            """
            >>> _, state = tg.nn.LSTM(2, 3)(tg.randn(4, 1, 2))
            >>> h, c = state = state.detach()
            >>> h.requires_grad, c.requires_grad
            (False, False)
            """,
            """
            >>> _, state = torch.nn.LSTM(2, 3)(torch.randn(4, 1, 2))
            >>> h, c = state = tuple(part.detach() for part in state)
            >>> h.requires_grad, c.requires_grad
            (False, False)
            """,
        ),
        Row(
            "Whole numbers stand for one-hot vectors",
            "A row of the matrix is read, and no matrix of zeros is made.",
            """
            >>> output, _ = tg.nn.LSTM(3, 4)(tg.tensor([[0], [2], [1]]))
            >>> output.shape
            (3, 1, 4)
            """,
            """
            >>> ids = torch.tensor([[0], [2], [1]])
            >>> output, _ = torch.nn.LSTM(3, 4)(torch.nn.functional.one_hot(ids, 3).float())
            >>> tuple(output.shape)
            (3, 1, 4)
            """,
        ),
        Row(
            "`forget_bias=`: a forget gate that begins open",
            "Written once, so that b_if + b_hf is what was asked for.",
            """
            >>> lstm = tg.nn.LSTM(2, 3, forget_bias=1.0)
            >>> (lstm.bias_ih_l0 + lstm.bias_hh_l0)[3:6].tolist()
            [1.0, 1.0, 1.0]
            """,
            """
            >>> lstm = torch.nn.LSTM(2, 3)
            >>> with torch.no_grad():
            ...     _ = lstm.bias_ih_l0[3:6].fill_(1.0), lstm.bias_hh_l0[3:6].fill_(0.0)
            >>> (lstm.bias_ih_l0 + lstm.bias_hh_l0)[3:6].tolist()
            [1.0, 1.0, 1.0]
            """,
        ),
        Row(
            "Both GRUs",
            "`reset_after=False` is the GRU of Cho et al. and of textbooks; PyTorch has only the other, our default.",
            """
            >>> tg.nn.GRU(2, 3).weight_hh_l0.shape, tg.nn.GRU(2, 3, reset_after=False).reset_after
            ((9, 3), False)
            """,
            """
            >>> tuple(torch.nn.GRU(2, 3).weight_hh_l0.shape)
            (9, 3)
            """,
        ),
        Row(
            "Dropout that would do nothing is an error",
            "It works between layers; with one layer there is no between. PyTorch warns, and trains without it.",
            """
            >>> tg.nn.LSTM(4, 8, dropout=0.5)
            Traceback (most recent call last):
                ...
            tinygrad_seq.errors.ConfigError: dropout=0.5 works between layers, and there is one layer: ...
            """,
            """
            >>> torch.nn.LSTM(4, 8, dropout=0.5)
            LSTM(4, 8, dropout=0.5)
            """,
        ),
    ],
    "Gradients and optimizers": [
        Row(
            "Momentum in the lecture's form: `ema=True`",
            "z = beta z + (1 - beta) g from z = 0. `dampening` is not that: there the first step is undamped.",
            """
            >>> w = tg.tensor([1.0], requires_grad=True)
            >>> optimizer = tg.optim.SGD([w], lr=1.0, momentum=0.75, ema=True)
            >>> w.sum().backward(); optimizer.step()
            >>> w.tolist()
            [0.75]
            """,
            """
            >>> w = torch.tensor([1.0], requires_grad=True)
            >>> optimizer = torch.optim.SGD([w], lr=1.0, momentum=0.75, dampening=0.75)
            >>> w.sum().backward(); optimizer.step()
            >>> w.tolist()
            [0.0]
            """,
        ),
        Row(
            "An optimizer takes the model",
            "It then knows the parameters' names; their list is fine too.",
            """
            >>> optimizer = tg.optim.Adam(tg.nn.Linear(2, 3), lr=1e-2)
            >>> len(optimizer.param_groups[0]["params"])
            2
            """,
            """
            >>> optimizer = torch.optim.Adam(torch.nn.Linear(2, 3).parameters(), lr=1e-2)
            >>> len(optimizer.param_groups[0]["params"])
            2
            """,
        ),
        Row(
            "Clipping leaves gradients that are not finite alone",
            "The norm returned is a number, inf here: look at it before `step()`. PyTorch makes zeros and NaN of them.",
            """
            >>> w = tg.tensor([3.0, float("inf")], requires_grad=True)
            >>> (w * w).sum().backward()
            >>> tg.optim.clip_grad_norm_([w], 1.0), w.grad
            (inf, tensor([ 6., inf]))
            """,
            """
            >>> w = torch.tensor([3.0, float("inf")], requires_grad=True)
            >>> (w * w).sum().backward()
            >>> torch.nn.utils.clip_grad_norm_([w], 1.0), w.grad
            (tensor(inf), tensor([0., nan]))
            """,
        ),
        Row(
            "A loss without any position that counts is 0",
            "A batch of padding alone makes no NaN.",
            """
            >>> tg.functional.cross_entropy(tg.zeros((2, 3)), [-100, -100])
            tensor(0.)
            """,
            """
            >>> torch.nn.functional.cross_entropy(torch.zeros(2, 3), torch.tensor([-100, -100]))
            tensor(nan)
            """,
        ),
        Row(
            "Equal largest elements share the gradient",
            "PyTorch shares it in `max()` over all, and gives it to one of them in `max(dim=)`.",
            """
            >>> a = tg.tensor([[1.0, 1.0]], requires_grad=True)
            >>> a.max(axis=1).sum().backward()
            >>> a.grad
            tensor([[0.5, 0.5]])
            """,
            """
            >>> a = torch.tensor([[1.0, 1.0]], requires_grad=True)
            >>> a.max(dim=1).values.sum().backward()
            >>> a.grad
            tensor([[1., 0.]])
            """,
        ),
        Row(
            "Tensors are not written in place",
            "The graph would hold numbers that are gone. A new tensor is built.",
            """
            >>> x = tg.zeros(3)
            >>> x[0] = 1.0
            Traceback (most recent call last):
                ...
            TypeError: a tensor is not written in place: the graph would still hold the old numbers.
                Build the new one: tg.where(mask, a, b), tg.concat([...]), or tg.index_add(x, index, values).
            """,
            """
            >>> x = torch.zeros(3)
            >>> x[0] = 1.0
            >>> x
            tensor([1., 0., 0.])
            """,
        ),
        Row(
            "`gelu` is its tanh form",
            "The form of the paper's section 2; PyTorch's default is the exact one.",
            """
            >>> tg.gelu(tg.tensor(1.0))
            tensor(0.8412)
            """,
            """
            >>> torch.nn.functional.gelu(torch.tensor(1.0), approximate="tanh")
            tensor(0.8412)
            """,
        ),
    ],
    "Files": [
        Row(
            "Weights are safetensors files, with the same keys in both",
            "No pickle is ever loaded: it would run the code in it.",
            """
            >>> lstm = tg.nn.LSTM(2, 3)
            >>> list(lstm.state_dict())
            ['weight_ih_l0', 'weight_hh_l0', 'bias_ih_l0', 'bias_hh_l0']
            """,
            """
            >>> lstm = torch.nn.LSTM(2, 3)
            >>> list(lstm.state_dict())
            ['weight_ih_l0', 'weight_hh_l0', 'bias_ih_l0', 'bias_hh_l0']
            """,
        ),
    ],
}  # fmt: skip

INTRO = """# Differences from PyTorch

Names, layouts and defaults are PyTorch's wherever there is no reason against them; these are the exceptions. Every
example on this page is run by the tests, ours always and PyTorch's where it is installed, and prints what stands below.
"""


def page() -> str:
    return in_sections(INTRO, TABLE, entry)


def entry(row: Row) -> str:
    pair = "\n\n".join(
        f"<div markdown>\n**{name}**\n\n```pycon\n{dedent(example).strip()}\n```\n</div>"
        for name, example in (("tinygrad_seq", row.ours), ("PyTorch", row.theirs))
    )
    return f'### {row.name}\n\n{row.why}\n\n<div class="pair" markdown>\n{pair}\n</div>'
