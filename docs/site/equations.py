r"""The lecture's equations, each with the symbol that computes it and the line of its docstring that says so.

A row: the equation as the lecture writes it, the symbol, and what must stand in its docstring or its source.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any, NamedTuple

from docs.site.sections import in_sections


class Row(NamedTuple):
    """An equation, the symbol that computes it, and the lines of its docstring or source that state it."""

    name: str
    latex: str
    symbol: str
    stated: tuple[str, ...]
    public: str = ""  # where the reference has it, if the symbol itself is not public


TABLE: dict[str, list[Row]] = {
    "Dense networks": [
        Row("Dense layer", r"y = W x + b", "nn.linear.Linear", ("y = x W^T + b",)),
        Row("Logistic function", r"\sigma(x) = \frac{1}{1 + e^{-x}}", "ops.sigmoid", ("y = 1 / (1 + e^-x)",)),
        Row("Hyperbolic tangent", r"y = \tanh x, \quad y' = 1 - y^2", "ops.tanh", ("y = tanh x", "dL/dy (1 - y^2)")),
        Row("Rectifier", r"y = \max(x, 0)", "ops.relu", ("y = max(x, 0)",)),
        Row(
            "Softmax",
            r"p_i = \frac{e^{x_i}}{\sum_j e^{x_j}}",
            "ops.softmax",
            ("y_i = e^(x_i) / sum_j e^(x_j)", "dL/dx = y (dL/dy - sum_j dL/dy_j y_j)"),
        ),
        Row(
            "Softmax cross-entropy",
            r"L = -\frac{1}{N} \sum_n \ln \operatorname{softmax}(z_n)_{y_n}",
            "functional.cross_entropy",
            ("L = -mean over positions of ln softmax(logits)[target]",),
        ),
        Row(
            "Its gradient",
            r"\frac{\partial L}{\partial z} = p - \text{onehot}(y)",
            "ops.cross_entropy.CrossEntropy",
            ("dL_n/dz_nk = softmax(z_n)_k - [k = y(n)]",),
            public="functional.cross_entropy",
        ),
        Row(
            "Squared error",
            r"L = \frac{1}{N} \sum_n (\hat y_n - y_n)^2",
            "functional.mse_loss",
            ("L = mean (prediction - target)^2",),
        ),
        Row(
            "Layer normalisation",
            r"y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \odot w + b",
            "functional.layer_norm",
            ("y = (x - mean x) / sqrt(var x + eps) * weight + bias",),
        ),
    ],
    "Recurrent networks": [
        Row(
            "The plain recurrent net",
            r"h_t = \tanh(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh})",
            "nn.rnn.RNN",
            ("h_t = tanh(W_ih x_t + b_ih + W_hh h_prev + b_hh)",),
        ),
        Row(
            "LSTM",
            r"\begin{aligned} i_t &= \sigma(W_{ii} x_t + b_{ii} + W_{hi} h_{t-1} + b_{hi}) \\ "
            r"f_t &= \sigma(W_{if} x_t + b_{if} + W_{hf} h_{t-1} + b_{hf}) \\ "
            r"g_t &= \tanh(W_{ig} x_t + b_{ig} + W_{hg} h_{t-1} + b_{hg}) \\ "
            r"o_t &= \sigma(W_{io} x_t + b_{io} + W_{ho} h_{t-1} + b_{ho}) \\ "
            r"c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\ h_t &= o_t \odot \tanh(c_t) \end{aligned}",
            "nn.lstm.LSTM",
            (
                "i_t = sigma(W_ii x_t + b_ii + W_hi h_prev + b_hi)",
                "f_t = sigma(W_if x_t + b_if + W_hf h_prev + b_hf)",
                "g_t = tanh(W_ig x_t + b_ig + W_hg h_prev + b_hg)",
                "o_t = sigma(W_io x_t + b_io + W_ho h_prev + b_ho)",
                "c_t = f_t * c_prev + i_t * g_t",
                "h_t = o_t * tanh(c_t)",
            ),
        ),
        Row(
            "GRU",
            r"\begin{aligned} r_t &= \sigma(W_{ir} x_t + b_{ir} + W_{hr} h_{t-1} + b_{hr}) \\ "
            r"z_t &= \sigma(W_{iz} x_t + b_{iz} + W_{hz} h_{t-1} + b_{hz}) \\ "
            r"n_t &= \tanh(W_{in} x_t + b_{in} + r_t \odot (W_{hn} h_{t-1} + b_{hn})) \\ "
            r"h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1} \end{aligned}",
            "nn.gru.GRUCell",
            (
                "r_t = sigma(W_ir x_t + b_ir + W_hr h_prev + b_hr)",
                "z_t = sigma(W_iz x_t + b_iz + W_hz h_prev + b_hz)",
                "n_t = tanh(W_in x_t + b_in + r_t * (W_hn h_prev + b_hn))",
                "h_t = (1 - z_t) * n_t + z_t * h_prev",
            ),
        ),
        Row(
            "GRU, the reset before the product (`reset_after=False`)",
            r"n_t = \tanh(W_{in} x_t + b_{in} + W_{hn} (r_t \odot h_{t-1}) + b_{hn})",
            "nn.gru.GRUCell",
            ("n_t = tanh(W_in x_t + b_in + W_hn (r_t * h_prev) + b_hn)",),
        ),
        Row(
            "mLSTM",
            r"m_t = (W_{mx} x_t) \odot (W_{mh} h_{t-1})",
            "nn.mlstm.MLSTMCell",
            ("m_t = (W_mx x_t) * (W_mh h_prev)",),
        ),
    ],
    "Backpropagation through time": [
        Row(
            "The chain rule over the graph, last node first",
            r"\frac{\partial L}{\partial x} = \sum_{y \in \text{readers of } x} "
            r"\frac{\partial L}{\partial y} \frac{\partial y}{\partial x}",
            "engine.walk.grad",
            ("Return dL/dx for each input x",),
        ),
        Row(
            "The Jacobian of a step",
            r"J_t = \frac{\partial s_t}{\partial s_{t-1}}",
            "analysis.spectrum.step_jacobian",
            ("J = ds_t / ds_{t-1}",),
        ),
        Row(
            "Credit: which state answers for which loss",
            r"\left\lVert \frac{\partial L_s}{\partial h_t} \right\rVert",
            "analysis.credit.credit",
            ("|dL_s / dh_t|",),
        ),
        Row(
            "Truncated BPTT: the state goes on, the gradient stops",
            r"\tilde h_{t_0} = h_{t_0}, \quad \frac{\partial \tilde h_{t_0}}{\partial \theta} = 0",
            "analysis.bptt.truncated_gradient",
            ("Each window starts from the true state, detached.",),
        ),
        Row(
            "Clipping by norm",
            r"g \leftarrow g \min\left(1, \frac{\theta}{\lVert g \rVert}\right)",
            "optim.clip.clip_grad_norm_",
            ("norm = sqrt(sum of g^2 over all elements of all gradients)", "g = g min(1, max_norm / (norm + 1e-6))"),
        ),
        Row(
            "Clipping by value",
            r"g \leftarrow \min(\max(g, -c), c)",
            "optim.clip.clip_grad_value_",
            ("g = min(max(g, -c), c)",),
        ),
    ],
    "Sequences": [
        Row(
            "Language model",
            r"P(x_{t+1} \mid x_1 \ldots x_t) = \operatorname{softmax}(W h_t + b)",
            "models.char_lm.CharLM",
            ("P(x_{t+1} | x_1 .. x_t) = softmax(W h_t + b)",),
        ),
        Row(
            "Classifier, many to one",
            r"P(\text{class} \mid x_1 \ldots x_T) = \operatorname{softmax}(W h_T + b)",
            "models.classifier.SequenceClassifier",
            ("P(class | x_1 .. x_T) = softmax(W h_T + b)",),
        ),
        Row(
            "Sequence to sequence",
            r"P(y_u \mid y_1 \ldots y_{u-1}, x) = \operatorname{softmax}(W h_u + b)",
            "models.seq2seq.Seq2Seq",
            ("P(y_u | y_1 .. y_{u-1}, x) = softmax(W h_u + b)",),
        ),
        Row(
            "Teacher forcing, free running, scheduled sampling",
            r"\text{the decoder reads } y_{u-1} \text{ with probability } p \text{, else } \hat y_{u-1}",
            "models.seq2seq.Seq2Seq",
            ("1 is teacher forcing, 0 is free running as in `predict`, between them is scheduled sampling",),
        ),
        Row(
            "Temperature",
            r"p_i = \frac{e^{z_i / T}}{\sum_j e^{z_j / T}}",
            "models.sampling.probabilities",
            ("p_i = e^(logit_i / temperature) / sum_j e^(logit_j / temperature)",),
            public="models.char_lm.CharLM",
        ),
    ],
    "Gradient descent and its family": [
        Row("Gradient descent", r"p \leftarrow p - \alpha g", "optim.sgd.SGD", ("return p - lr * g, {}",)),
        Row(
            "Momentum, in the lecture's form (`ema=True`)",
            r"z \leftarrow \beta z + (1 - \beta) g, \qquad p \leftarrow p - \alpha z",
            "optim.sgd.SGD",
            ("u = (1 - momentum) g", "z = momentum z + u", "p = p - lr z"),
        ),
        Row(
            "Nesterov's momentum",
            r"z \leftarrow \beta z + g, \qquad p \leftarrow p - \alpha (g + \beta z)",
            "optim.sgd.SGD",
            ("nesterov=True:  p = p - lr (u + momentum z)",),
        ),
        Row(
            "Adagrad",
            r"v \leftarrow v + g^2, \qquad p \leftarrow p - \frac{\alpha}{\sqrt v + \epsilon} g",
            "optim.adagrad.Adagrad",
            ("v = v + g^2", "p = p - lr_t g / (sqrt(v) + eps)"),
        ),
        Row(
            "Adadelta",
            r"v \leftarrow \rho v + (1 - \rho) g^2, \quad d = \frac{\sqrt{u + \epsilon}}{\sqrt{v + \epsilon}} g, "
            r"\quad u \leftarrow \rho u + (1 - \rho) d^2, \quad p \leftarrow p - d",
            "optim.adadelta.Adadelta",
            (
                "v = rho v + (1 - rho) g^2",
                "d = sqrt(u + eps) / sqrt(v + eps) g",
                "u = rho u + (1 - rho) d^2",
                "p = p - lr d",
            ),
        ),
        Row(
            "RMSProp",
            r"v \leftarrow \rho v + (1 - \rho) g^2, \qquad p \leftarrow p - \frac{\alpha}{\sqrt v + \epsilon} g",
            "optim.rmsprop.RMSprop",
            ("v = alpha v + (1 - alpha) g^2", "d = g / (sqrt(s) + eps)", "p = p - lr z"),
        ),
        Row(
            "Adam",
            r"m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad "
            r"p \leftarrow p - \alpha \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}",
            "optim.adam.Adam",
            (
                "m = b1 m + (1 - b1) g",
                "v = b2 v + (1 - b2) g^2",
                "m_hat = m / (1 - b1^t)",
                "v_hat = v / (1 - b2^t)",
                "p = p - lr m_hat / (sqrt(v_hat) + eps)",
            ),
        ),
        Row(
            "AdamW",
            r"p \leftarrow (1 - \alpha \lambda) p, \quad \text{then Adam}",
            "optim.adamw.AdamW",
            ("p = (1 - lr weight_decay) p",),
        ),
    ],
}  # fmt: skip

INTRO = """# Equations to code

The lecture's equations, and the symbol that computes each. What stands under an equation is a line of that symbol's
docstring or source: a test looks it up, so that equation, docstring and link cannot drift apart. The program's letters
are the lecture's, `h_prev` for \\(h_{t-1}\\) and `*` for \\(\\odot\\); `lr` is \\(\\alpha\\), `momentum` is
\\(\\beta\\).
"""


def value(symbol: str) -> Any:
    """Return what a symbol stands for; `ops.tanh` is the operation's class, whose docstring and rule they are."""
    module, _, name = symbol.rpartition(".")
    found = getattr(import_module(f"tinygrad_seq.{module}"), name)
    if found.__qualname__.endswith(".apply"):
        return getattr(import_module(found.__module__), found.__qualname__.partition(".")[0])
    return found


def said(symbol: str) -> str:
    """Return the docstring and the source of a symbol."""
    found = value(symbol)
    return f"{inspect.getdoc(found)}\n{inspect.getsource(found)}"


def page() -> str:
    return in_sections(INTRO, TABLE, entry)


def entry(row: Row) -> str:
    lines = "\n".join(row.stated)
    public = row.public or row.symbol
    short = public.rpartition(".")[2]
    return f"### {row.name}\n\n$$\n{row.latex}\n$$\n\n[`{short}`][tinygrad_seq.{public}]\n\n```text\n{lines}\n```"
