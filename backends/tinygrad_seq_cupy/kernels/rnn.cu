// The plain recurrence, one step of all rows and units. One thread per (row, unit).

// h_t = tanh(a_t + b_ih + b_hh)                               (or relu)
extern "C" __global__ void rnn_forward(
    const real* a,                                             // (B, H)  W_ih x_t + W_hh h_prev
    const real* b_ih, const real* b_hh,                        // (H,) or null
    const real* h_prev, real* h, real* h_next, real* y,        // (B, H); h_next and y may be null
    const bool* here, const bool* begins,                      // (B,) or null: all are here, none begins
    int relu, int B, int H)
{
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= B * H) return;
    const int row = at / H, unit = at % H;
    const bool present = !here || here[row];
    const real a_t = a[at] + either(b_ih, unit) + either(b_hh, unit);
    const real h_t = relu ? (a_t > real(0) || a_t != a_t ? a_t : real(0)) : tanh(a_t);
    settle(h_t, h_prev, h, h_next, present, holds(begins, row), at);
    if (y) y[at] = present ? h_t : real(0);
}

// da = dh * (1 - h_t^2)                                       (or dh where h_t > 0)
extern "C" __global__ void rnn_backward(
    const real* h, const real* dy,                             // (B, H)
    real* dh,                                                  // (B, H) in: of the new state; out: what passes through
    const bool* here, const bool* cut,                         // (B,) or null; cut: a new sequence began after this step
    real* D,                                                   // (B, H) out: da
    int relu, int B, int H)
{
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= B * H) return;
    const int row = at / H;
    const bool present = !here || here[row];
    const real later = holds(cut, row) ? real(0) : dh[at];
    const real h_t = h[at];
    const real slope = relu ? real(h_t > real(0)) : real(1) - h_t * h_t;
    D[at] = present ? (later + dy[at]) * slope : real(0);
    dh[at] = present ? real(0) : later;
}
