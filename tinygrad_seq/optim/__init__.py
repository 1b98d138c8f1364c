"""Optimizers, schedules of the learning rate, and clipping of gradients.

Every optimizer's docstring prints its recurrence, and its `update` is that recurrence line by line in the same letters:
p the parameter, g its gradient, z the velocity, m and v moving averages of g and g^2. Settings have PyTorch's names and
defaults; those not in the table (weight_decay, lr_decay, amsgrad, momentum of RMSprop) mean what they mean there.

Under one name, lectures and libraries have different formulas. Which is which, with b for momentum and a for alpha; the
lecture's momentum is the second row:

| formula                                  | here                               | PyTorch          | Keras            |
|------------------------------------------|------------------------------------|------------------|------------------|
| z = b z + g;  p -= lr z                  | SGD(lr, b)                         | the same         | the same (1)     |
| z = b z + (1 - b) g;  p -= lr z          | SGD(lr, b, ema=True)               | SGD(lr (1-b), b) | SGD(lr (1-b), b) |
| z = b z + g(p - lr b z);  p -= lr z      | SGD(lr, b, nesterov=True) (2)      | the same         | the same (1)     |
| v += g^2;  p -= lr g / (sqrt(v) + eps)   | Adagrad(lr)                        | the same         | has none         |
| v += g^2;  p -= lr g / sqrt(v + eps)     | Adagrad(lr, eps=0, initial...=eps) | the same         | Adagrad(lr) (3)  |
| d = sqrt(u+eps) / sqrt(v+eps) g;  p -= d | Adadelta()                         | the same         | Adadelta(1.0)    |
| p -= lr g / (sqrt(v) + eps)              | RMSprop(lr, a)                     | the same         | has none         |
| p -= lr g / sqrt(v + eps)                | RMSprop(lr, a, eps_inside_sqrt)    | has none         | RMSprop(lr, a)   |
| p -= lr g / sqrt(v - m^2 + eps)          | the same and centered              | has none         | the same         |
| p -= lr m_hat / (sqrt(v_hat) + eps)      | Adam(lr)                           | the same         | has none         |
| p -= lr m_hat / (sqrt(v_hat) + eps_t)    | has none (4)                       | has none         | Adam(lr)         |
| p -= lr weight_decay p;  then as Adam    | AdamW(lr)                          | the same         | the same (4)     |

(1) While lr is constant: its velocity is lr z. (2) p stands for the look-ahead point p - lr b z in all three libraries.
(3) Its v starts at 0.1; `initial...` is short for `initial_accumulator_value`. (4) eps_t = eps / sqrt(1 - b2^t); it can
be written into the group's "eps" before every step.
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
