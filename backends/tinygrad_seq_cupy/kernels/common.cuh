// What stands before every kernel. The compiler is told REAL, the type of the numbers, and THREADS, those of a block.
typedef REAL real;

__device__ __forceinline__ real sigmoid(real x) { return real(1) / (real(1) + exp(-x)); }

__device__ __forceinline__ real either(const real* a, int i) { return a ? a[i] : real(0); }

__device__ __forceinline__ bool holds(const bool* where, int row) { return where && where[row]; }

// The end of a step for one part of the state. Where the row is absent the state passes through; where a new sequence
// begins at the next step, that step finds zero. `next` is null where it reads the new state itself.
__device__ __forceinline__ void settle(
    real value, const real* prev, real* now, real* next, bool present, bool begins, int at)
{
    const real kept = present ? value : prev[at];
    now[at] = kept;
    if (next) next[at] = begins ? real(0) : kept;
}
