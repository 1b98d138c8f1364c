// Whole numbers that stand for one-hot vectors: the product with a matrix picks a column of it.
#include "common.cuh"

// out_n = W e_k(n). One thread per element of out; a symbol outside of 0 .. I - 1 gives NaN, which training reports.
extern "C" __global__ void symbols_pick(
    const long long* k, const real* W, real* out,              // (n,); (G, I); (n, G)
    int n, int G, int I)
{
    const long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= (long long)n * G) return;
    const long long symbol = k[at / G];
    const bool known = symbol >= 0 && symbol < I;
    out[at] = known ? W[at % G * I + symbol] : real(0) / real(0);
}

// dW = sum over n of D_n e_k(n)^T. One thread per element of dW goes through the rows in their order: no atomics, so that
// a run repeats bit for bit. Neighbours read neighbouring D, and each D is read once.
extern "C" __global__ void symbols_sum(
    const long long* k, const real* D, real* dW,               // (n,); (n, G); (G, I)
    int n, int G, int I)
{
    const long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= (long long)G * I) return;
    const int column = (int)(at / G), row = (int)(at % G);
    real sum = 0;
    for (int j = 0; j < n; ++j)
        if (k[j] == column) sum += D[(long long)j * G + row];
    dW[(long long)row * I + column] = sum;
}
