// Numbers in [0, 1) that are a function of (seed, step, draw, position): Philox4x32-10 (Salmon et al., 2011).
// One thread computes the four words of one counter and turns them into four floats, or two doubles.
#include "common.cuh"

extern "C" __global__ void uniform_fill(
    real* __restrict__ out, int count,
    unsigned seed_low, unsigned seed_high, unsigned draw, unsigned step)
{
    const unsigned block = blockIdx.x * blockDim.x + threadIdx.x;
    const int each = sizeof(real) == 4 ? 4 : 2;
    if (block >= (unsigned)(count + each - 1) / each) return;

    unsigned c[4] = {block, 0, draw, step}, k[2] = {seed_low, seed_high};
    for (int round = 0; round < 10; ++round) {
        const unsigned long long a = 0xD2511F53ull * c[0], b = 0xCD9E8D57ull * c[2];
        const unsigned mixed[4] = {
            (unsigned)(b >> 32) ^ c[1] ^ k[0], (unsigned)b, (unsigned)(a >> 32) ^ c[3] ^ k[1], (unsigned)a};
        for (int i = 0; i < 4; ++i) c[i] = mixed[i];
        k[0] += 0x9E3779B9u;
        k[1] += 0xBB67AE85u;
    }
    for (int i = 0; i < each && block * each + i < (unsigned)count; ++i)
        out[block * each + i] = each == 4
            ? real(c[i] >> 8) * real(5.9604644775390625e-08)                                           // 24 bits
            : real(((unsigned long long)c[2 * i] << 21) | (c[2 * i + 1] >> 11)) * real(1.1102230246251565e-16);  // 53
}
