import numpy as np


def forward(x_t, h_prev, W_ih, W_hh, b):
    return np.tanh(x_t @ W_ih.T + h_prev @ W_hh.T + b)


def backward(dh_t, x_t, h_prev, h_t, W_ih, W_hh):
    da_t = (1 - h_t**2) * dh_t
    return da_t @ W_ih, da_t @ W_hh, da_t.T @ x_t, da_t.T @ h_prev, da_t.sum(axis=0)
