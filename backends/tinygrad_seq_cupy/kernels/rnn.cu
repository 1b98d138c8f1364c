// The plain recurrence, one step of all rows and units. One thread per (row, unit).
#include "common.cuh"
#include "rnn.cuh"

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
    const Part state{h_prev, h, h_next};
    rnn_unit(a[at], b_ih, b_hh, state, y, !here || here[row], holds(begins, row), relu, unit, at);
}

extern "C" __global__ void rnn_backward(
    const real* h, const real* dy, real* dh,                   // (B, H)
    const bool* here, const bool* cut,                         // (B,) or null
    real* D,                                                   // (B, H) out: da
    int relu, int B, int H)
{
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= B * H) return;
    const int row = at / H;
    rnn_unit_backward(h[at], dy[at], dh + at, !here || here[row], holds(cut, row), relu, D + at);
}
