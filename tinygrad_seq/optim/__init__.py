"""Optimizers, schedules of the learning rate, and clipping of gradients.

Every optimizer's docstring prints its recurrence, and its `update` is that recurrence, line by line in the same letters: p the
parameter, g its gradient, z the velocity, m and v moving averages of g and g^2. Settings have PyTorch's names and defaults.

Under one name lectures and libraries mean different formulas. Which is which (here b is momentum, a is alpha; the lecture's
momentum is the second row):

| formula                                       | here                                    | PyTorch         | Keras           |
|-----------------------------------------------|-----------------------------------------|-----------------|-----------------|
| z = b z + g;          p -= lr z               | SGD(lr, b)                              | the same        | the same (1)    |
| z = b z + (1 - b) g;  p -= lr z               | SGD(lr, b, ema=True)                    | SGD(lr (1-b), b)| SGD(lr (1-b), b)|
| z = b z + g(p - lr b z);  p -= lr z           | SGD(lr, b, nesterov=True)          (2)  | the same        | the same (1)    |
| v += g^2;  p -= lr g / (sqrt(v) + eps)        | Adagrad(lr)                             | the same        | has none        |
| v += g^2;  p -= lr g / sqrt(v + eps)          | Adagrad(lr, eps=0,                      | the same        | Adagrad(lr,     |
|                                               |   initial_accumulator_value=eps)        |                 |   initial...=0) |
| d = sqrt(u + eps) / sqrt(v + eps) g;  p -= d  | Adadelta()                              | the same        | Adadelta(1.0)   |
| v = a v + (1 - a) g^2;                        |                                         |                 |                 |
|   p -= lr g / (sqrt(v) + eps)                 | RMSprop(lr, a)                          | the same        | has none        |
|   p -= lr g / sqrt(v + eps)                   | RMSprop(lr, a, eps_inside_sqrt=True)    | has none        | RMSprop(lr, a)  |
|   p -= lr g / sqrt(v - m^2 + eps)             |   and centered=True                     | has none        | centered=True   |
| p -= lr m_hat / (sqrt(v_hat) + eps)           | Adam(lr)                                | the same        | has none        |
| p -= lr m_hat / (sqrt(v_hat) + eps_t),        | Adam(lr), eps_t written                 | set eps each    | Adam(lr)        |
|   eps_t = eps / sqrt(1 - b2^t)                |   into the group before each step       |   step          |                 |
| p -= lr weight_decay p, then Adam             | AdamW(lr)                               | the same        | AdamW(lr) (3)   |

(1) as long as lr is constant: Keras keeps lr z instead of z. (2) p is the look-ahead point p - lr b z in all three libraries.
(3) with its own eps_t. Settings that PyTorch has and the table does not name (weight_decay, lr_decay, centered, amsgrad, momentum
of RMSprop) mean the same here as there.
"""

from __future__ import annotations

from . import lr_scheduler
from .adadelta import Adadelta
from .adagrad import Adagrad
from .adam import Adam
from .adamw import AdamW
from .clip import clip_grad_norm_, clip_grad_value_
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "clip_grad_norm_",
    "clip_grad_value_",
    "lr_scheduler",
]
