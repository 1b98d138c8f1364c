// The GRU in both forms, one step of all rows and units. One thread per (row, unit).
#include "common.cuh"
#include "gru.cuh"

// The reset gate after the product.
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
    const size_t gate = (size_t)row * 3 * H + unit;
    const real from_h[3] = {hidden[gate], hidden[gate + H], hidden[gate + 2 * H]};
    const Part state{h_prev, h, h_next};
    gru_unit(from_h, a + gate, hn, b_ih, b_hh, state, y, !here || here[row], holds(begins, row), H, unit, at);
}

extern "C" __global__ void gru_backward(
    const real* a, const real* hn, const real* h_prev,          // (B, 3H) the gates; (B, H)
    const real* dy, real* dh,                                   // (B, H)
    const bool* here, const bool* cut,                          // (B,) or null
    real* D_x, real* D_h,                                       // (B, 3H) out: of what comes from x, and from h_prev
    int B, int H)
{
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= B * H) return;
    const int row = at / H, unit = at % H;
    const bool present = !here || here[row];
    const size_t gate = (size_t)row * 3 * H + unit;
    gru_unit_backward(
        a + gate, hn[at], h_prev[at], dy[at], dh + at, present, holds(cut, row), H, D_x + gate, D_h + gate);
}

// The reset gate before the product.
extern "C" __global__ void gru_reset(
    real* a, real* rh,                                          // (B, 3H) in: a without its bias, out: r and z; (B, H)
    const real* b_ih, const real* b_hh, const real* h_prev, int B, int H)
{
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= B * H) return;
    const int row = at / H, unit = at % H;
    real* gates = a + (size_t)row * 3 * H + unit;
    rh[at] = gru_reset_unit(gates[0], gates[H], gates, b_ih, b_hh, h_prev[at], H, unit);
}

extern "C" __global__ void gru_candidate(
    real* a,                                                    // (B, 3H) in: r, z and a_n without its bias; out: n
    const real* b_ih, const real* b_hh,
    const real* h_prev, real* h, real* h_next, real* y, const bool* here, const bool* begins,
    int B, int H)
{
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= B * H) return;
    const int row = at / H, unit = at % H;
    real* gates = a + (size_t)row * 3 * H + unit;
    const Part state{h_prev, h, h_next};
    gru_candidate_unit(
        gates[2 * H], gates, b_ih, b_hh, state, y, !here || here[row], holds(begins, row), H, unit, at);
}

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
    real* da = D + gate;
    gru_finish_backward(
        a + gate, h_prev[at], dy[at], dh + at, present, holds(cut, row), H, da + H, da + 2 * H);
}

extern "C" __global__ void gru_reset_backward(
    const real* a, const real* h_prev, const real* drh, real* dh, real* D, int B, int H)
{
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= B * H) return;
    const size_t gate = (size_t)(at / H) * 3 * H + at % H;
    gru_reset_unit_backward(a[gate], h_prev[at], drh[at], dh + at, D + gate);
}
