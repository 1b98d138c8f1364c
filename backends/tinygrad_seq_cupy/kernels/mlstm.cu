// What the mLSTM has beside the LSTM: the product of two projections, in the place of h_prev.
#include "common.cuh"

// m_t = (W_mx x_t) * (W_mh h_prev)
extern "C" __global__ void mlstm_forward(const real* mx, const real* mh, real* m, int n)
{
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at < n) m[at] = mx[at] * mh[at];
}

// d(W_mx x_t) = dm * (W_mh h_prev);  d(W_mh h_prev) = dm * (W_mx x_t)
extern "C" __global__ void mlstm_backward(
    const real* dm, const real* mx, const real* mh, real* dmx, real* dmh, int n)
{
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= n) return;
    dmx[at] = dm[at] * mh[at];
    dmh[at] = dm[at] * mx[at];
}
