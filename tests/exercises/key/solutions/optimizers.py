import numpy as np


def momentum(p, g, z, lr=0.1, beta=0.9):
    z = beta * z + (1 - beta) * g
    return p - lr * z, z


def adagrad(p, g, v, lr=0.1, eps=1e-3):
    v = v + g**2
    return p - lr * g / (np.sqrt(v) + eps), v


def rmsprop(p, g, v, lr=0.1, alpha=0.9, eps=1e-3):
    v = alpha * v + (1 - alpha) * g**2
    step = g / (np.sqrt(v) + eps)
    return p - lr * step, v


def adam(p, g, m, v, t, lr=0.1, b1=0.9, b2=0.99, eps=1e-3):
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g**2
    m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)
    return p - lr * m_hat / (np.sqrt(v_hat) + eps), m, v
