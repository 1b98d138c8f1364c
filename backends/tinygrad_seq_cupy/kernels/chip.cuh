// What only a GPU has: memory of a block's own, a counter that blocks meet by, and clusters of blocks (compute
// capability 9.0 and up) that write into each other's memory. The tests bring their own of these, for a CPU.
#ifdef __CUDACC__

__device__ __forceinline__ real* on_chip()
{
    extern __shared__ __align__(16) real memory[];
    return memory;
}

// What this thread knows to be written is seen by whoever sees the counter's new value.
__device__ __forceinline__ void arrive(unsigned* counter)
{
    asm volatile("red.release.gpu.global.add.u32 [%0], 1;" ::"l"(counter) : "memory");
}

__device__ __forceinline__ unsigned arrived_at(const unsigned* counter)
{
    unsigned value;
    asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(value) : "l"(counter) : "memory");
    return value;
}

#ifdef CLUSTER
// The place of another block that lies where `mine` lies in this one.
__device__ __forceinline__ real* in_block(real* mine, unsigned rank)
{
    real* there;
    asm("mapa.u64 %0, %1, %2;" : "=l"(there) : "l"(mine), "r"(rank));
    return there;
}

__device__ __forceinline__ void cluster_barrier()
{
    asm volatile("barrier.cluster.arrive.release;\n\tbarrier.cluster.wait.acquire;" ::: "memory");
}
#endif
#endif

#ifdef CLUSTER
#define ON_CHIP __cluster_dims__(CLUSTER, 1, 1) __launch_bounds__(THREADS, 1)
#else
#define ON_CHIP __launch_bounds__(THREADS, 1)
#endif
