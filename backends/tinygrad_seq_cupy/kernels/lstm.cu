// The LSTM, one step of all rows and units. One thread per (row, unit).
#include "common.cuh"
#include "lstm.cuh"

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
    const real pre[4] = {gates[0], gates[H], gates[2 * H], gates[3 * H]};
    const Part h_state{h_prev, h, h_next}, c_state{c_prev, c, c_next};
    lstm_unit(pre, gates, b_ih, b_hh, h_state, c_state, y, present, anew, H, unit, at);
}

extern "C" __global__ void lstm_backward(
    const real* a, const real* c_prev, const real* c,            // (B, 4H) the gates; (B, H)
    const real* dy, real* dh, real* dc,                          // (B, H)
    const bool* here, const bool* cut,                           // (B,) or null
    real* D,                                                     // (B, 4H) out: da
    int B, int H)
{
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= B * H) return;
    const int row = at / H, unit = at % H;
    const bool present = !here || here[row];
    const size_t gate = (size_t)row * 4 * H + unit;
    lstm_unit_backward(
        a + gate, c_prev[at], c[at], dy[at], dh + at, dc + at, present, holds(cut, row), H, D + gate);
}
