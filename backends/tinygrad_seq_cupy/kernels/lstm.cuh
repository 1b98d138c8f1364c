// The LSTM, one row and unit of one step. Gates lie H apart, in the order i, f, g, o.

// i, f, g, o = sigma(a_i), sigma(a_f), tanh(a_g), sigma(a_o)    with a = W_ih x_t + W_hh h_prev + b_ih + b_hh
// c_t = f * c_prev + i * g
// h_t = o * tanh(c_t)
// `a` comes without its bias.
__device__ __forceinline__ real lstm_unit(
    const real (&a)[4], real* gates, const real* b_ih, const real* b_hh, Part h, Part c, real* y,
    bool present, bool begins, int H, int unit, int at)
{
    real pre[4];
    for (int k = 0; k < 4; ++k) pre[k] = a[k] + either(b_ih, k * H + unit) + either(b_hh, k * H + unit);
    const real i = sigmoid(pre[0]), f = sigmoid(pre[1]), g = tanh(pre[2]), o = sigmoid(pre[3]);
    const real c_t = f * c.prev[at] + i * g;
    const real h_t = o * tanh(c_t);

    gates[0] = i; gates[H] = f; gates[2 * H] = g; gates[3 * H] = o;
    settle(c_t, c, present, begins, at);
    if (y) y[at] = present ? h_t : real(0);
    return settle(h_t, h, present, begins, at);
}

// dc = dc + dh * o (1 - tanh(c_t)^2)
// da_i, da_f, da_g, da_o = dc * i (1 - i) g,  dc * f (1 - f) c_prev,  dc * (1 - g^2) i,  dh * o (1 - o) tanh(c_t)
// dc_prev = dc * f;  dh_prev = da W_hh is the product that follows
// dh and dc are as dh in rnn.cuh.
__device__ __forceinline__ void lstm_unit_backward(
    const real* gates, real c_prev, real c_t, real dy, real* dh, real* dc, bool present, bool cut, int H, real* da)
{
    const real dh_later = cut ? real(0) : *dh, dc_later = cut ? real(0) : *dc;
    if (!present) {
        for (int k = 0; k < 4; ++k) da[k * H] = real(0);
        *dh = dh_later;
        *dc = dc_later;
        return;
    }
    const real i = gates[0], f = gates[H], g = gates[2 * H], o = gates[3 * H], tanh_c = tanh(c_t);
    const real dh_t = dh_later + dy;
    const real dc_t = dc_later + dh_t * o * (real(1) - tanh_c * tanh_c);
    da[0] = dc_t * i * (real(1) - i) * g;
    da[H] = dc_t * f * (real(1) - f) * c_prev;
    da[2 * H] = dc_t * (real(1) - g * g) * i;
    da[3 * H] = dh_t * o * (real(1) - o) * tanh_c;
    *dh = real(0);
    *dc = dc_t * f;
}
