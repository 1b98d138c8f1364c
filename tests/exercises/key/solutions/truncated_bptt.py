import numpy as np


def truncated_gradient(xs, ys, W_ih, W_hh, b, k):
    T = len(xs)
    h, dW_hh = np.zeros((xs.shape[1], len(W_hh))), np.zeros_like(W_hh)
    for begin in range(0, T, k):
        hs = [h]
        for x_t in xs[begin : begin + k]:
            h = np.tanh(x_t @ W_ih.T + h @ W_hh.T + b)
            hs.append(h)
        dh_next = 0.0
        for t in reversed(range(len(hs) - 1)):
            dh = hs[t + 1] - ys[begin + t] + dh_next
            da = (1 - hs[t + 1] ** 2) * dh
            dW_hh += da.T @ hs[t]
            dh_next = da @ W_hh
    return dW_hh
