// What stands before every kernel. The compiler is told REAL, the type of the numbers, and THREADS, those of a block.
typedef REAL real;

__device__ __forceinline__ real sigmoid(real x) { return real(1) / (real(1) + exp(-x)); }

__device__ __forceinline__ real either(const real* a, int i) { return a ? a[i] : real(0); }

__device__ __forceinline__ bool holds(const bool* where, int row) { return where && where[row]; }

// One part of the state at one step, (B, H) each; `next` is null where the next step reads `now`.
struct Part {
    const real* prev;
    real *now, *next;
};

// The end of a step for one part of the state. Where the row is absent the state passes through; where a new sequence
// begins at the next step, that step finds zero. Returns what it finds.
__device__ __forceinline__ real settle(real value, Part state, bool present, bool begins, int at)
{
    const real kept = present ? value : state.prev[at], found = begins ? real(0) : kept;
    state.now[at] = kept;
    if (state.next) state.next[at] = found;
    return found;
}
