// Runs kernels from their .cu text on the host. Ordinary blocks run one after another, and without barriers so do their
// threads. Blocks that meet (ON_CHIP: a cluster, or the whole grid) run at once. With barriers the threads take turns, each
// with a stack of its own; under ThreadSanitizer (ON_THREADS) they are true threads, and a barrier that is missing is a race
// that it reports. No shuffles, and no atomics but the one that blocks meet by.
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <ucontext.h>
#include <vector>

struct Position { unsigned x; };
inline thread_local Position threadIdx{}, blockIdx{}, blockDim{};
inline Position gridDim{};

#define __global__
#define __device__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __shared__ static
#define __launch_bounds__(...)
#define __cluster_dims__(...)
using std::exp, std::fma, std::log, std::sqrt, std::tanh;

template <class Kernel>
void serially(unsigned blocks, Kernel kernel)
{
    blockDim = {THREADS};
    gridDim = {blocks};
    for (unsigned b = 0; b < blocks; ++b)
        for (unsigned t = 0; t < THREADS; ++t) {
            blockIdx = {b};
            threadIdx = {t};
            kernel();
        }
}

// Those who wait for each other: the threads of a block, or of a cluster.
#ifdef ON_THREADS
inline void let_others_run() { std::this_thread::yield(); }
// A counter for each time they meet. With one for all times, as library barriers have, who arrives the next time early may
// seem to be waited for by who leaves late, and a race would be hidden.
struct Meeting {
    unsigned expected;
    std::vector<std::atomic<unsigned>> arrived = std::vector<std::atomic<unsigned>>(1000);
    explicit Meeting(unsigned expected) : expected(expected) {}
    void wait()
    {
        static thread_local std::map<Meeting*, unsigned> times;
        std::atomic<unsigned>& counter = arrived.at(times[this]++);
        counter.fetch_add(1, std::memory_order_acq_rel);
        while (counter.load(std::memory_order_acquire) < expected) let_others_run();
    }
};
#else
inline void let_others_run();
struct Meeting {
    unsigned expected, arrived = 0, met = 0;
    explicit Meeting(unsigned expected) : expected(expected) {}
    void wait()
    {
        const unsigned mine = met;
        if (++arrived == expected) {
            arrived = 0;
            ++met;
        }
        while (met == mine) let_others_run();
    }
};
#endif

// A block that runs. `runs` is plain: whoever looks at it without a barrier between is in a race.
struct Block {
    Meeting meeting{THREADS};
    std::vector<REAL> memory;
    bool runs = false;
};
inline std::vector<std::unique_ptr<Block>> present;  // the blocks that run at once
inline std::unique_ptr<Meeting> everyone;            // all of their threads
inline unsigned first_block;

inline Block& block(unsigned rank) { return *present[rank]; }
inline unsigned rank_here() { return blockIdx.x - first_block; }
inline void __syncthreads() { block(rank_here()).meeting.wait(); }

// What chip.cuh has on a GPU.
inline REAL* on_chip() { return block(rank_here()).memory.data(); }
inline void arrive(unsigned* counter) { std::atomic_ref(*counter).fetch_add(1, std::memory_order_release); }
inline unsigned arrived_at(unsigned* counter)
{
    let_others_run();
    return std::atomic_ref(*counter).load(std::memory_order_acquire);
}
inline void cluster_barrier() { everyone->wait(); }
inline REAL* in_block(REAL* mine, unsigned rank)
{
    if (!block(rank).runs) {
        std::fprintf(stderr, "the memory of a block that does not run\n");
        std::abort();
    }
    return block(rank).memory.data() + (mine - on_chip());
}

inline void one_thread(unsigned b, unsigned t, const std::function<void()>& kernel)
{
    blockDim = {THREADS};
    blockIdx = {b};
    threadIdx = {t};
    if (t == 0) block(rank_here()).runs = true;
    kernel();
    if (t == 0) block(rank_here()).runs = false;
}

#ifdef ON_THREADS
inline void threads_of(unsigned blocks, const std::function<void()>& kernel)
{
    std::vector<std::thread> threads;
    for (unsigned n = 0; n < blocks * THREADS; ++n)
        threads.emplace_back([n, &kernel] { one_thread(first_block + n / THREADS, n % THREADS, kernel); });
    for (auto& thread : threads) thread.join();
}
#else
struct Fiber {
    ucontext_t context;
    std::unique_ptr<char[]> stack{new char[stack_size]};
    bool done = false;
    static constexpr size_t stack_size = 1 << 16;
};
inline std::vector<std::unique_ptr<Fiber>> fibers;
inline ucontext_t scheduler;
inline unsigned running;
inline const std::function<void()>* body;

inline void let_others_run() { swapcontext(&fibers[running]->context, &scheduler); }

inline void one_fiber()
{
    const unsigned n = running;
    one_thread(first_block + n / THREADS, n % THREADS, *body);
    fibers[n]->done = true;
}

inline void threads_of(unsigned blocks, const std::function<void()>& kernel)
{
    const unsigned count = blocks * THREADS;
    body = &kernel;
    while (fibers.size() < count) fibers.push_back(std::make_unique<Fiber>());
    for (unsigned n = 0; n < count; ++n) {
        Fiber& fiber = *fibers[n];
        getcontext(&fiber.context);
        fiber.context.uc_stack.ss_sp = fiber.stack.get();
        fiber.context.uc_stack.ss_size = Fiber::stack_size;
        fiber.context.uc_link = &scheduler;
        fiber.done = false;
        makecontext(&fiber.context, one_fiber, 0);
    }
    unsigned left = count;
    for (unsigned pass = first_block; left; ++pass)
        for (unsigned turn = 0; turn < count; ++turn) {
            const unsigned n = pass % 2 ? count - 1 - turn : turn;  // in either order: nobody may rely on one
            if (fibers[n]->done) continue;
            running = n;
            blockDim = {THREADS};
            blockIdx = {first_block + n / THREADS};
            threadIdx = {n % THREADS};
            swapcontext(&scheduler, &fibers[n]->context);
            left -= fibers[n]->done;
        }
}
#endif

// `at_once` blocks at a time, each with room for `numbers` numbers.
inline void in_turns(unsigned blocks, const std::function<void()>& kernel, unsigned at_once = 1, size_t numbers = 0)
{
    gridDim = {blocks};
    for (first_block = 0; first_block < blocks; first_block += at_once) {
        present.clear();
        for (unsigned b = 0; b < at_once; ++b) {
            present.push_back(std::make_unique<Block>());
            present.back()->memory.assign(numbers, REAL(NAN));
        }
        everyone = std::make_unique<Meeting>(at_once * THREADS);
        threads_of(at_once, kernel);
    }
}
