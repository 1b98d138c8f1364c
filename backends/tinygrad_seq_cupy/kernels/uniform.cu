// Random numbers, one thread for those of one counter.
#include "common.cuh"
#include "philox.cuh"

extern "C" __global__ void uniform_fill(
    real* __restrict__ out, int count,
    unsigned seed_low, unsigned seed_high, unsigned draw, unsigned step, const unsigned* now)
{
    const unsigned block = blockIdx.x * blockDim.x + threadIdx.x;
    if (block >= (unsigned)(count + DRAWN - 1) / DRAWN) return;
    real u[4];
    philox(key_of(seed_low, seed_high, draw, step, now), block, u);
    for (int i = 0; i < DRAWN && block * DRAWN + i < (unsigned)count; ++i) out[block * DRAWN + i] = u[i];
}
