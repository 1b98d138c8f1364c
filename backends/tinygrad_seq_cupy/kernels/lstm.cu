// The LSTM, one step of all rows and units. One thread per (row, unit); gates in the order i, f, g, o.

// i, f, g, o = sigma(a_i), sigma(a_f), tanh(a_g), sigma(a_o)    with a = W_ih x_t + W_hh h_prev + b_ih + b_hh
// c_t = f * c_prev + i * g
// h_t = o * tanh(c_t)
extern "C" __global__ void lstm_forward(
    real* a,                                                     // (B, 4H) in: a without its bias; out: the gates
    const real* b_ih, const real* b_hh,                          // (4H,) or null
    const real* h_prev, const real* c_prev, real* h, real* c,    // (B, H)
    real* h_next, real* c_next, real* y,                         // (B, H) or null
    const bool* here, const bool* begins,                        // (B,) or null: all are here, none begins
    int B, int H)
{
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= B * H) return;
    const int row = at / H, unit = at % H;
    const bool present = !here || here[row], anew = holds(begins, row);
    real* gates = a + (size_t)row * 4 * H + unit;

    real pre[4];
    for (int k = 0; k < 4; ++k) pre[k] = gates[k * H] + either(b_ih, k * H + unit) + either(b_hh, k * H + unit);
    const real i = sigmoid(pre[0]), f = sigmoid(pre[1]), g = tanh(pre[2]), o = sigmoid(pre[3]);
    const real c_t = f * c_prev[at] + i * g;
    const real h_t = o * tanh(c_t);

    gates[0] = i; gates[H] = f; gates[2 * H] = g; gates[3 * H] = o;
    settle(h_t, h_prev, h, h_next, present, anew, at);
    settle(c_t, c_prev, c, c_next, present, anew, at);
    if (y) y[at] = present ? h_t : real(0);
}

// dc = dc + dh * o (1 - tanh(c_t)^2)
// da_i, da_f, da_g, da_o = dc * i (1 - i) g,  dc * f (1 - f) c_prev,  dc * (1 - g^2) i,  dh * o (1 - o) tanh(c_t)
// dc_prev = dc * f;  dh_prev = da W_hh is the product that follows
extern "C" __global__ void lstm_backward(
    const real* a, const real* c_prev, const real* c,            // (B, 4H) the gates; (B, H)
    const real* dy, real* dh, real* dc,                          // (B, H); dh and dc as in rnn_backward
    const bool* here, const bool* cut,                           // (B,) or null
    real* D,                                                     // (B, 4H) out: da
    int B, int H)
{
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= B * H) return;
    const int row = at / H, unit = at % H;
    const bool present = !here || here[row], stops = holds(cut, row);
    const size_t gate = (size_t)row * 4 * H + unit;
    const real dh_later = stops ? real(0) : dh[at], dc_later = stops ? real(0) : dc[at];
    real* da = D + gate;
    if (!present) {
        for (int k = 0; k < 4; ++k) da[k * H] = real(0);
        dh[at] = dh_later;
        dc[at] = dc_later;
        return;
    }
    const real i = a[gate], f = a[gate + H], g = a[gate + 2 * H], o = a[gate + 3 * H], tanh_c = tanh(c[at]);
    const real dh_t = dh_later + dy[at];
    const real dc_t = dc_later + dh_t * o * (real(1) - tanh_c * tanh_c);
    da[0] = dc_t * i * (real(1) - i) * g;
    da[H] = dc_t * f * (real(1) - f) * c_prev[at];
    da[2 * H] = dc_t * (real(1) - g * g) * i;
    da[3 * H] = dh_t * o * (real(1) - o) * tanh_c;
    dh[at] = real(0);
    dc[at] = dc_t * f;
}
