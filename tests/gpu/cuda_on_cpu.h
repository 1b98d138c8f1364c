// Runs kernels from their .cu text on the host; blocks run one after another. Without barriers so do the threads of a
// block. With __syncthreads they take turns, each with a stack of its own; under ThreadSanitizer (ON_THREADS) they are
// true threads, and a barrier that is missing is a race that it reports. No shuffles, no atomics, no clusters.
#include <barrier>
#include <cmath>
#include <cstddef>
#include <functional>
#include <thread>
#include <ucontext.h>
#include <vector>

struct Position { unsigned x; };
inline thread_local Position threadIdx{}, blockIdx{}, blockDim{};

#define __global__
#define __device__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __shared__ static
using std::exp, std::log, std::sqrt, std::tanh;

template <class Kernel>
void serially(unsigned blocks, Kernel kernel)
{
    blockDim = {THREADS};
    for (unsigned b = 0; b < blocks; ++b)
        for (unsigned t = 0; t < THREADS; ++t) {
            blockIdx = {b};
            threadIdx = {t};
            kernel();
        }
}

#ifdef ON_THREADS
inline std::barrier<>* meeting = nullptr;
inline void __syncthreads() { meeting->arrive_and_wait(); }

template <class Kernel>
void in_turns(unsigned blocks, Kernel kernel)
{
    for (unsigned b = 0; b < blocks; ++b) {
        std::barrier<> here(THREADS);
        meeting = &here;
        std::vector<std::thread> threads;
        for (unsigned t = 0; t < THREADS; ++t)
            threads.emplace_back([b, t, &kernel] {
                blockDim = {THREADS};
                blockIdx = {b};
                threadIdx = {t};
                kernel();
            });
        for (auto& thread : threads) thread.join();
    }
}
#else
inline ucontext_t everyone[THREADS], scheduler;
inline bool done[THREADS];
inline std::function<void()> running;
inline void __syncthreads() { swapcontext(&everyone[threadIdx.x], &scheduler); }

inline void one_thread()
{
    running();
    done[threadIdx.x] = true;
}

template <class Kernel>
void in_turns(unsigned blocks, Kernel kernel)
{
    static char stacks[THREADS][1 << 16];
    running = kernel;
    blockDim = {THREADS};
    for (unsigned b = 0; b < blocks; ++b) {
        for (unsigned t = 0; t < THREADS; ++t) {
            getcontext(&everyone[t]);
            everyone[t].uc_stack.ss_sp = stacks[t];
            everyone[t].uc_stack.ss_size = sizeof stacks[t];
            everyone[t].uc_link = &scheduler;
            done[t] = false;
            makecontext(&everyone[t], one_thread, 0);
        }
        for (bool any = true; any;) {
            any = false;
            for (unsigned turn = 0; turn < THREADS; ++turn) {
                const unsigned t = b % 2 ? THREADS - 1 - turn : turn;  // in either order: nobody may rely on one
                if (done[t]) continue;
                blockIdx = {b};
                threadIdx = {t};
                swapcontext(&scheduler, &everyone[t]);
                any = any || !done[t];
            }
        }
    }
}
#endif
