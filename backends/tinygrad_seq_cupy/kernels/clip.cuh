// The length of many arrays as one vector, in two launches: sums of squares by block, then all blocks add these up, each
// in the same order, and scale. In double: what float32 cannot square is summed all the same.

// The threads' values, added up; every thread gets the sum.
__device__ double together(double mine)
{
    __shared__ double part[THREADS];
    part[threadIdx.x] = mine;
    __syncthreads();
    for (unsigned half = THREADS / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
        __syncthreads();
    }
    return part[0];
}

// This thread's part of the sum of g^2.
__device__ __forceinline__ double squares(const real* g, int n)
{
    double sum = 0;
    for (size_t i = (size_t)blockIdx.x * THREADS + threadIdx.x; i < (size_t)n; i += (size_t)gridDim.x * THREADS)
        sum += (double)g[i] * (double)g[i];
    return sum;
}

// min(1, max_norm / (norm + 1e-6)); 1 where the norm is not finite. The first thread of all tells the norm.
__device__ __forceinline__ real scale_of(const double* partials, int count, double max_norm, double* norm)
{
    double sum = 0;
    for (int i = threadIdx.x; i < count; i += THREADS) sum += partials[i];
    const double length = sqrt(together(sum)), scale = max_norm / (length + 1e-6);
    if (blockIdx.x == 0 && threadIdx.x == 0) *norm = length;
    return length - length == 0 && scale < 1 ? (real)scale : (real)1;
}

__device__ __forceinline__ void scaled(const real* g, real* y, int n, real scale)
{
    for (size_t i = (size_t)blockIdx.x * THREADS + threadIdx.x; i < (size_t)n; i += (size_t)gridDim.x * THREADS) y[i] = g[i] * scale;
}
