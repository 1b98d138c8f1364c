// Dropout: the mask is drawn where it is used, there and back, and never stored.
#include "common.cuh"
#include "philox.cuh"

// y = x m,  m = [u >= p] / (1 - p).  One thread for the numbers of one counter.
extern "C" __global__ void dropout_apply(
    const real* x, real* y, int count, real p, real kept,      // kept = 1 / (1 - p)
    unsigned seed_low, unsigned seed_high, unsigned draw, unsigned step, const unsigned* now)
{
    const unsigned block = blockIdx.x * blockDim.x + threadIdx.x;
    if (block >= (unsigned)(count + DRAWN - 1) / DRAWN) return;
    real u[4];
    philox(key_of(seed_low, seed_high, draw, step, now), block, u);
    for (int i = 0; i < DRAWN && block * DRAWN + i < (unsigned)count; ++i) {
        const size_t at = (size_t)block * DRAWN + i;
        y[at] = x[at] * (u[i] >= p ? kept : real(0));
    }
}
