// The GRU in both forms, one step of all rows and units. One thread per (row, unit); gates in the order r, z, n.

// h_t = (1 - z) * n + z * h_prev
__device__ __forceinline__ void finish(
    real z, real n, const real* h_prev, real* h, real* h_next, real* y,
    const bool* here, const bool* begins, int row, int at)
{
    const bool present = !here || here[row];
    const real h_t = (real(1) - z) * n + z * h_prev[at];
    settle(h_t, h_prev, h, h_next, present, holds(begins, row), at);
    if (y) y[at] = present ? h_t : real(0);
}

// The reset gate after the product:
// r, z = sigma(a_r + hidden_r), sigma(a_z + hidden_z)          with a = W_ih x_t + b_ih, hidden = W_hh h_prev + b_hh
// n = tanh(a_n + r * hidden_n)
extern "C" __global__ void gru_forward(
    real* a, const real* hidden, real* hn,                      // (B, 3H) in: without bias, out: the gates; (B, 3H); (B, H)
    const real* b_ih, const real* b_hh,                         // (3H,) or null
    const real* h_prev, real* h, real* h_next, real* y,         // (B, H); h_next and y may be null
    const bool* here, const bool* begins,                       // (B,) or null: all are here, none begins
    int B, int H)
{
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= B * H) return;
    const int row = at / H, unit = at % H;
    real* gates = a + (size_t)row * 3 * H + unit;
    const real* from_h = hidden + (size_t)row * 3 * H + unit;

    real x[3], w[3];
    for (int k = 0; k < 3; ++k) {
        x[k] = gates[k * H] + either(b_ih, k * H + unit);
        w[k] = from_h[k * H] + either(b_hh, k * H + unit);
    }
    const real r = sigmoid(x[0] + w[0]), z = sigmoid(x[1] + w[1]), n = tanh(x[2] + r * w[2]);
    gates[0] = r; gates[H] = z; gates[2 * H] = n;
    hn[at] = w[2];
    finish(z, n, h_prev, h, h_next, y, here, begins, row, at);
}

// da_z, da_n = dh * z (1 - z) (h_prev - n),  dh * (1 - z) (1 - n^2)
// da_r, dhn = da_n * r (1 - r) hn,  da_n * r
// dh_prev = dh * z, to which the product (da_r, da_z, dhn) W_hh is added
extern "C" __global__ void gru_backward(
    const real* a, const real* hn, const real* h_prev,          // (B, 3H) the gates; (B, H)
    const real* dy, real* dh,                                   // (B, H); dh as in rnn_backward
    const bool* here, const bool* cut,                          // (B,) or null
    real* D_x, real* D_h,                                       // (B, 3H) out: of what comes from x, and from h_prev
    int B, int H)
{
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= B * H) return;
    const int row = at / H, unit = at % H;
    const bool present = !here || here[row];
    const size_t gate = (size_t)row * 3 * H + unit;
    const real later = holds(cut, row) ? real(0) : dh[at];
    const real r = a[gate], z = a[gate + H], n = a[gate + 2 * H];

    const real dh_t = present ? later + dy[at] : real(0);
    const real da_z = dh_t * z * (real(1) - z) * (h_prev[at] - n);
    const real da_n = dh_t * (real(1) - z) * (real(1) - n * n);
    const real da_r = da_n * r * (real(1) - r) * hn[at];
    D_x[gate] = D_h[gate] = da_r;
    D_x[gate + H] = D_h[gate + H] = da_z;
    D_x[gate + 2 * H] = da_n;
    D_h[gate + 2 * H] = da_n * r;
    dh[at] = present ? dh_t * z : later;
}

// The reset gate before the product, in two halves with the product W_hn (r * h_prev) between them:
// r, z = sigma(a_r), sigma(a_z)                                 with a = W_ih x_t + W_hh h_prev + b_ih + b_hh
// rh = r * h_prev
extern "C" __global__ void gru_reset(
    real* a, real* rh,                                          // (B, 3H) in: a without its bias, out: r and z; (B, H)
    const real* b_ih, const real* b_hh, const real* h_prev, int B, int H)
{
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= B * H) return;
    const int row = at / H, unit = at % H;
    real* gates = a + (size_t)row * 3 * H + unit;
    const real r = sigmoid(gates[0] + either(b_ih, unit) + either(b_hh, unit));
    gates[0] = r;
    gates[H] = sigmoid(gates[H] + either(b_ih, H + unit) + either(b_hh, H + unit));
    rh[at] = r * h_prev[at];
}

// n = tanh(a_n)                                                 with a_n = W_in x_t + W_hn rh + b_in + b_hn
extern "C" __global__ void gru_candidate(
    real* a,                                                    // (B, 3H) in: r, z and a_n without its bias; out: n
    const real* b_ih, const real* b_hh,
    const real* h_prev, real* h, real* h_next, real* y, const bool* here, const bool* begins,
    int B, int H)
{
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= B * H) return;
    const int row = at / H, unit = at % H, bias = 2 * H + unit;
    real* gates = a + (size_t)row * 3 * H + unit;
    const real n = tanh(gates[2 * H] + either(b_ih, bias) + either(b_hh, bias));
    gates[2 * H] = n;
    finish(gates[H], n, h_prev, h, h_next, y, here, begins, row, at);
}

// da_z and da_n as in gru_backward; dh_prev begins as dh * z
extern "C" __global__ void gru_candidate_backward(
    const real* a, const real* h_prev, const real* dy, real* dh, const bool* here, const bool* cut,
    real* D,                                                    // (B, 3H) out: da_z and da_n
    int B, int H)
{
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= B * H) return;
    const int row = at / H, unit = at % H;
    const bool present = !here || here[row];
    const size_t gate = (size_t)row * 3 * H + unit;
    const real later = holds(cut, row) ? real(0) : dh[at];
    const real z = a[gate + H], n = a[gate + 2 * H];

    const real dh_t = present ? later + dy[at] : real(0);
    D[gate + H] = dh_t * z * (real(1) - z) * (h_prev[at] - n);
    D[gate + 2 * H] = dh_t * (real(1) - z) * (real(1) - n * n);
    dh[at] = present ? dh_t * z : later;
}

// drh = da_n W_hn
// da_r = drh * r (1 - r) h_prev
// dh_prev = dh_prev + drh * r, to which the product (da_r, da_z) W_hrz is added
extern "C" __global__ void gru_reset_backward(
    const real* a, const real* h_prev, const real* drh, real* dh, real* D, int B, int H)
{
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= B * H) return;
    const size_t gate = (size_t)(at / H) * 3 * H + at % H;
    const real r = a[gate];
    D[gate] = drh[at] * r * (real(1) - r) * h_prev[at];
    dh[at] += drh[at] * r;
}
