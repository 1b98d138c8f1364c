import numpy as np


def sigma(a):
    return 1 / (1 + np.exp(-a))


def lstm_cell(x_t, h_prev, c_prev, W_ih, W_hh, b):
    i, f, g, o = np.split(x_t @ W_ih.T + h_prev @ W_hh.T + b, 4, axis=1)
    c_t = sigma(f) * c_prev + sigma(i) * np.tanh(g)
    h_t = sigma(o) * np.tanh(c_t)
    return h_t, c_t
