// The GRU in both forms, one row and unit of one step. Gates lie H apart, in the order r, z, n.

// h_t = (1 - z) * n + z * h_prev
__device__ __forceinline__ real gru_finish(
    real z, real n, Part h, real* y, bool present, bool begins, int at)
{
    const real h_t = (real(1) - z) * n + z * h.prev[at];
    if (y) y[at] = present ? h_t : real(0);
    return settle(h_t, h, present, begins, at);
}

// da_z, da_n = dh * z (1 - z) (h_prev - n),  dh * (1 - z) (1 - n^2);  dh_prev begins as dh * z
// dh is as in rnn.cuh.
__device__ __forceinline__ void gru_finish_backward(
    const real* gates, real h_prev, real dy, real* dh, bool present, bool cut, int H, real* da_z, real* da_n)
{
    const real later = cut ? real(0) : *dh, z = gates[H], n = gates[2 * H];
    const real dh_t = present ? later + dy : real(0);
    *da_z = dh_t * z * (real(1) - z) * (h_prev - n);
    *da_n = dh_t * (real(1) - z) * (real(1) - n * n);
    *dh = present ? dh_t * z : later;
}

// The reset gate after the product:
// r, z = sigma(a_r + hidden_r), sigma(a_z + hidden_z)          with a = W_ih x_t + b_ih, hidden = W_hh h_prev + b_hh
// n = tanh(a_n + r * hidden_n)
// `hidden` comes without its bias, and so does a, in the place of the gates.
__device__ __forceinline__ real gru_unit(
    const real (&hidden)[3], real* gates, real* hn, const real* b_ih, const real* b_hh, Part h, real* y,
    bool present, bool begins, int H, int unit, int at)
{
    real x[3], w[3];
    for (int k = 0; k < 3; ++k) {
        x[k] = gates[k * H] + either(b_ih, k * H + unit);
        w[k] = hidden[k] + either(b_hh, k * H + unit);
    }
    const real r = sigmoid(x[0] + w[0]), z = sigmoid(x[1] + w[1]), n = tanh(x[2] + r * w[2]);
    gates[0] = r; gates[H] = z; gates[2 * H] = n;
    hn[at] = w[2];
    return gru_finish(z, n, h, y, present, begins, at);
}

// da_r, dhn = da_n * r (1 - r) hn,  da_n * r
// dh_prev = dh * z, to which the product (da_r, da_z, dhn) W_hh is added
__device__ __forceinline__ void gru_unit_backward(
    const real* gates, real hn, real h_prev, real dy, real* dh, bool present, bool cut, int H, real* D_x, real* D_h)
{
    const real r = gates[0];
    real da_z, da_n;
    gru_finish_backward(gates, h_prev, dy, dh, present, cut, H, &da_z, &da_n);
    D_x[0] = D_h[0] = da_n * r * (real(1) - r) * hn;
    D_x[H] = D_h[H] = da_z;
    D_x[2 * H] = da_n;
    D_h[2 * H] = da_n * r;
}

// The reset gate before the product, in two halves with the product W_hn (r * h_prev) between them:
// r, z = sigma(a_r), sigma(a_z)                                 with a = W_ih x_t + W_hh h_prev + b_ih + b_hh
// rh = r * h_prev
__device__ __forceinline__ real gru_reset_unit(
    real a_r, real a_z, real* gates, const real* b_ih, const real* b_hh, real h_prev, int H, int unit)
{
    const real r = sigmoid(a_r + either(b_ih, unit) + either(b_hh, unit));
    gates[0] = r;
    gates[H] = sigmoid(a_z + either(b_ih, H + unit) + either(b_hh, H + unit));
    return r * h_prev;
}

// n = tanh(a_n)                                                 with a_n = W_in x_t + W_hn rh + b_in + b_hn
__device__ __forceinline__ real gru_candidate_unit(
    real a_n, real* gates, const real* b_ih, const real* b_hh, Part h, real* y,
    bool present, bool begins, int H, int unit, int at)
{
    const int bias = 2 * H + unit;
    const real n = tanh(a_n + either(b_ih, bias) + either(b_hh, bias));
    gates[2 * H] = n;
    return gru_finish(gates[H], n, h, y, present, begins, at);
}

// drh = da_n W_hn
// da_r = drh * r (1 - r) h_prev
// dh_prev = dh_prev + drh * r, to which the product (da_r, da_z) W_hrz is added
__device__ __forceinline__ void gru_reset_unit_backward(real r, real h_prev, real drh, real* dh, real* da_r)
{
    *da_r = drh * r * (real(1) - r) * h_prev;
    *dh += drh * r;
}
