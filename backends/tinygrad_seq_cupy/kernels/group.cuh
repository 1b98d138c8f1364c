// A whole sequence in one launch. A group of blocks shares some rows of the batch; each of its blocks keeps the weights
// of some units on the chip from the first step to the last. In every step it multiplies the vector of the step before
// with them, does the cell's equations for its units, and hands its part of the next vector to the group.
// The compiler is told TILE: how many rows a thread multiplies with the same weights.

#define WIDE 4  // how many columns of weights it multiplies with the same rows

struct alignas(16) Four {
    real column[WIDE];
};

// Rows of a vector of K numbers, `stride` apart.
struct Vector {
    const real* at;
    int stride;
};

// Weights on the chip, (K, width): `width` is N, up to the next multiple of WIDE.
struct Matrix {
    const real* w;
    int K, width;
};

// One row and unit: of the group's and the block's own, of all, and where it lies in (B, H).
struct Item {
    int mine, u, row, unit, at;
};

struct Group {
    int first_row, rows, first_unit, units, slices;
    real* free;  // of the block's memory; a product lies there once all else has its place

    __device__ Group(int B, int H, int blocks, int rows_each, int units_each, int slices)
        : first_row(blockIdx.x / blocks * rows_each), first_unit(blockIdx.x % blocks * units_each), slices(slices),
          free(on_chip())
    {
        rows = B - first_row < rows_each ? B - first_row : rows_each;
        units = H - first_unit < units_each ? H - first_unit : units_each;
        if (units < 0) units = 0;
    }

    // Do what a step does for each row and unit of this block; the same thread has the same ones each time.
    template <class Do> __device__ void each(int H, Do equations) const
    {
        for (int n = threadIdx.x; n < rows * units; n += THREADS) {
            const int mine = n / units, row = first_row + mine, u = n % units, unit = first_unit + u;
            equations(Item{mine, u, row, unit, row * H + unit});
        }
    }

    // Copy this block's columns of M (K, parts H) onto the chip: its units' in every part. Rows lie `stride` apart.
    __device__ Matrix keep(const real* M, int stride, int K, int parts, int H)
    {
        const int N = parts * units, width = (N + WIDE - 1) / WIDE * WIDE;
        real* w = free;
        free += K * width;
        for (int n = threadIdx.x; n < K * width; n += THREADS) {
            const int k = n / width, column = n % width;
            w[n] = column < N ? M[(size_t)k * stride + column / units * H + first_unit + column % units] : real(0);
        }
        return {w, K, width};
    }

    // x M for this group's rows, the K products of each number in `slices`, to be added up by `product`.
    __device__ void multiply(const Matrix& M, Vector x)
    {
        const int columns = M.width / WIDE, tiles = (rows + TILE - 1) / TILE;
        for (int task = threadIdx.x; task < columns * tiles * slices; task += THREADS) {
            const int column = task % columns, row = task / columns % tiles * TILE, slice = task / (columns * tiles);
            const int stop = M.K * (slice + 1) / slices;
            const Four* w = reinterpret_cast<const Four*>(M.w) + column;
            const real* from[TILE];
            for (int i = 0; i < TILE; ++i) from[i] = x.at + (size_t)(row + i < rows ? row + i : row) * x.stride;
            Four sum[TILE] = {};
#pragma unroll 4
            for (int k = M.K * slice / slices; k < stop; ++k) {
                const Four w_k = w[k * columns];
                for (int i = 0; i < TILE; ++i)
                    for (int j = 0; j < WIDE; ++j)
                        sum[i].column[j] = fma(from[i][k], w_k.column[j], sum[i].column[j]);
            }
            for (int i = 0; i < TILE && row + i < rows; ++i)
                for (int j = 0; j < WIDE; ++j)
                    free[(slice * rows + row + i) * M.width + column * WIDE + j] = sum[i].column[j];
        }
        __syncthreads();
    }

    // One number of the last product, its slices added up in their order: a run repeats bit for bit.
    __device__ real product(const Matrix& M, int row, int column) const
    {
        real sum = 0;
        for (int slice = 0; slice < slices; ++slice) sum += free[(slice * rows + row) * M.width + column];
        return sum;
    }
};

// The steps of a sequence, and who is there at each.
struct Sequence {
    const bool *here, *begins;
    int reverse, T, B, H;

    __device__ int step(int i) const { return reverse ? T - 1 - i : i; }

    __device__ size_t at(int i) const { return (size_t)step(i) * B * H; }

    __device__ bool present(int i, int row) const { return !here || here[step(i) * B + row]; }

    // Whether a new sequence begins in the row after step i.
    __device__ bool anew(int i, int row) const { return begins && i + 1 < T && begins[step(i + 1) * B + row]; }

    // One part of the state at step i, from that of all steps.
    __device__ Part part(real* prev, real* now, int i) const
    {
        return {prev + at(i), now + at(i), begins && i + 1 < T ? prev + at(i + 1) : nullptr};
    }
};
