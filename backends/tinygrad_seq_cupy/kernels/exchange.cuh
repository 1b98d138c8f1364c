// How the blocks of a group hand each other the parts of a vector, once a step.

#ifdef CLUSTER
// Through the memory on the chip: every block writes its part into all of the cluster. There are two vectors, the one
// that is read and the one that is written, so one barrier a step is enough. They come first in the memory of a block:
// so they lie in the same place in all of them, however many units each has.
struct Exchange {
    real* room;
    int size, stride, turn;

    __device__ Exchange(unsigned*, int, int rows, int K, real*& free) : room(free), size(rows * K), stride(K), turn(0)
    {
        free += (2 * size + WIDE - 1) / WIDE * WIDE;
    }

    // The first vector; every block reads all of its rows.
    __device__ void take(Vector first, int rows, int K)
    {
        for (int n = threadIdx.x; n < rows * K; n += THREADS)
            room[n / K * stride + n % K] = first.at[(size_t)(n / K) * first.stride + n % K];
    }

    // Before the first step: nobody writes to a block that does not run yet.
    __device__ void begin() { cluster_barrier(); }

    __device__ Vector read(Vector) const { return {room + turn * size, stride}; }

    __device__ void send(int row, int k, real value)
    {
        real* place = room + (1 - turn) * size + row * stride + k;
        for (unsigned rank = 0; rank < CLUSTER; ++rank) *in_block(place, rank) = value;
    }

    __device__ void meet()
    {
        cluster_barrier();
        turn = 1 - turn;
    }
};
#else
// Through the GPU's memory, where the cell's arrays lie anyway; all blocks of the grid run at once.
struct Exchange {
    unsigned *arrived, awaited, blocks;

    __device__ Exchange(unsigned* arrived, int blocks, int, int, real*&)
        : arrived(arrived + blockIdx.x / blocks), awaited(0), blocks(blocks)
    {
    }

    __device__ void take(Vector, int, int) {}

    __device__ void begin() { __syncthreads(); }

    __device__ Vector read(Vector global) const { return global; }

    __device__ void send(int, int, real) {}

    __device__ void meet()
    {
        __syncthreads();
        awaited += blocks;
        if (threadIdx.x == 0) {
            arrive(arrived);
            while (arrived_at(arrived) < awaited) {}
        }
        __syncthreads();
    }
};
#endif
