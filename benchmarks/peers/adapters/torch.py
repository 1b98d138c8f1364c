"""PyTorch, eager: the yardstick of the ratios. Its layers are whole-sequence, its Adam is the fused one."""

import os

import torch
from torch import nn

from ...task import Task
from ..cells import Functions
from ..workloads import PROMPT, WRITER, Case, Writing, chain_arrays, lstm_arrays
from ..workloads import chain as run_chain
from ..workloads import lstm as run_lstm

DISTRIBUTION = "torch"

FUNCTIONS = Functions(torch.sigmoid, torch.tanh, torch.matmul, lambda a, n: a.chunk(n, dim=1))
LAYERS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


def chain(ops):
    w, b = chain_arrays()
    w, b = torch.tensor(w, requires_grad=True), torch.tensor(b)
    return case(lambda: run_chain(w, b, ops).sum(), [w])


def lstm(T):
    weights, xs, zeros = lstm_arrays(T)
    weights = [torch.tensor(W, requires_grad=True) for W in weights]
    xs, zeros = [torch.tensor(x_t) for x_t in xs], torch.tensor(zeros)
    return case(lambda: run_lstm(FUNCTIONS, weights, xs, zeros).sum(), weights)


def case(forward, leaves):
    def backward(loss):
        for leaf in leaves:
            leaf.grad = None
        loss.backward()
        return leaves[0].grad

    return Case(forward, backward)


class Net(nn.Module):
    """Input, recurrent part and output layer of a task, with the task's weights."""

    def __init__(self, task: Task, rnn: nn.Module) -> None:
        super().__init__()
        arrays = {name: torch.tensor(W.T).contiguous() for name, W in task.weights().items()}
        self.rnn, self.head = rnn, nn.Linear(task.H, task.V)
        with torch.no_grad():
            self.head.weight.copy_(arrays["W_ho"])
            self.head.bias.copy_(arrays["b_o"])
            for name, p in rnn.named_parameters():
                p.copy_(arrays[canonical(name)])
        self.vectors = nn.Identity()
        if task.input == "onehot":  # its layers read vectors only; a row of the identity is one
            self.vectors = nn.Embedding.from_pretrained(torch.eye(task.V))
        elif task.input == "embedding":
            self.vectors = nn.Embedding.from_pretrained(arrays["E"].T.contiguous(), freeze=False)

    def forward(self, x, state=None):
        output, state = self.rnn(self.vectors(x), state)
        return self.head(output), state


def canonical(name):
    """weight_ih_l0 of a layer, or 0.weight_ih of a list of cells: W_ih_l0."""
    if name[0].isdigit():
        k, _, name = name.partition(".")
        name = f"{name}_l{k}"
    return name.replace("weight", "W").replace("bias", "b")


def train(task):
    return training(task, Net(task, LAYERS[task.cell](task.features, task.H, task.layers)))


def training(task, net):
    x, y = (torch.tensor(array) for array in task.data())
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        logits, _ = net(x)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten())
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def write():
    return writing(Net(WRITER, nn.LSTM(WRITER.features, WRITER.H)))


def writing(net):
    @torch.inference_mode()
    def text(n, choose):
        x, state, ids = torch.tensor([[PROMPT]]), None, []
        for _ in range(n):
            logits, state = net(x, state)
            x = choose(logits[0])[None]
            ids.append(x.item())
        return ids

    def draw(logits):
        return torch.multinomial(logits.softmax(-1), 1)[0]

    return Writing(lambda n: text(n, draw), lambda n: text(n, lambda logits: logits.argmax(-1)))
