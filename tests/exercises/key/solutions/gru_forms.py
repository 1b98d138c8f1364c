import numpy as np


def sigma(a):
    return 1 / (1 + np.exp(-a))


def gru_cell(x_t, h_prev, W_ih, W_hh, b_ih, b_hh, reset_after):
    W_hn, b_hn = W_hh[-len(W_hh) // 3 :], b_hh[-len(b_hh) // 3 :]
    xr, xz, xn = np.split(x_t @ W_ih.T + b_ih, 3, axis=1)
    hr, hz, hn = np.split(h_prev @ W_hh.T + b_hh, 3, axis=1)
    r, z = sigma(xr + hr), sigma(xz + hz)
    if reset_after:
        n = np.tanh(xn + r * hn)
    else:
        n = np.tanh(xn + (r * h_prev) @ W_hn.T + b_hn)
    return (1 - z) * n + z * h_prev
