// Softmax and cross-entropy. One block per row; its threads share the classes.
#include "common.cuh"

// The threads' values, added up or the largest of them; every thread gets it.
__device__ real together(real* part, real mine, bool largest)
{
    part[threadIdx.x] = mine;
    __syncthreads();
    for (unsigned half = THREADS / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) {
            const real a = part[threadIdx.x], b = part[threadIdx.x + half];
            part[threadIdx.x] = largest ? (b > a || b != b ? b : a) : a + b;
        }
        __syncthreads();
    }
    const real result = part[0];
    __syncthreads();
    return result;
}

// s_n = ln sum_k e^z_nk;  L_n = s_n - z_n,y where the row counts, else 0; an unknown class gives NaN
extern "C" __global__ void loss_forward(
    const real* z, const long long* y, const bool* counts,     // (n, V); (n,); (n,)
    real* L, real* s,                                          // (n,)
    int V)
{
    __shared__ real part[THREADS];
    const int row = blockIdx.x;
    const real* scores = z + (size_t)row * V;
    real high = scores[0];
    for (int k = threadIdx.x; k < V; k += THREADS) high = scores[k] > high || scores[k] != scores[k] ? scores[k] : high;
    high = together(part, high, true);
    real sum = 0;
    for (int k = threadIdx.x; k < V; k += THREADS) sum += exp(scores[k] - high);
    sum = together(part, sum, false);
    if (threadIdx.x == 0) {
        const bool known = y[row] >= 0 && y[row] < V;
        s[row] = high + log(sum);
        L[row] = !counts[row] ? real(0) : known ? log(sum) - (scores[y[row]] - high) : real(0) / real(0);
    }
}

// dz_nk = dL_n (e^(z_nk - s_n) - [k = y_n]) where the row counts, else 0
extern "C" __global__ void loss_backward(
    const real* z, const long long* y, const bool* counts, const real* s, const real* dL,
    real* dz,                                                  // (n, V)
    int V)
{
    const int row = blockIdx.x;
    const size_t start = (size_t)row * V;
    for (int k = threadIdx.x; k < V; k += THREADS)
        dz[start + k] = counts[row] ? dL[row] * (exp(z[start + k] - s[row]) - real(k == y[row])) : real(0);
}
