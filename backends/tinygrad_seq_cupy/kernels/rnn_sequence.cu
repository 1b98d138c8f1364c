// The plain recurrence, a whole sequence in one launch.
#include "common.cuh"
#include "rnn.cuh"
#include "chip.cuh"
#include "group.cuh"
#include "exchange.cuh"

extern "C" __global__ void ON_CHIP rnn_sequence_forward(
    const real* a, const real* W,                              // (T, B, H) W_ih x; (H, H) W_hh^T
    const real* b_ih, const real* b_hh,                        // (H,) or null
    real* h_prev, real* h, real* y,                            // (T, B, H); y may be null
    const bool* here, const bool* begins,                      // (T, B) or null
    int relu, unsigned* arrived,                               // (groups,) zeros
    int reverse, int T, int B, int H, int blocks, int rows, int units, int slices)
{
    const Sequence steps{here, begins, reverse, T, B, H};
    Group group(B, H, blocks, rows, units, slices);
    Exchange exchange(arrived, blocks, rows, H, group.free);
    const Matrix M = group.keep(W, H, H, 1, H);
    exchange.take({h_prev + steps.at(0) + (size_t)group.first_row * H, H}, group.rows, H);
    exchange.begin();
    for (int i = 0; i < T; ++i) {
        const size_t t = steps.at(i);
        group.multiply(M, exchange.read({h_prev + t + (size_t)group.first_row * H, H}));
        group.each(H, [&](Item me) {
            const real h_found = rnn_unit(
                a[t + me.at] + group.product(M, me.mine, me.u), b_ih, b_hh, steps.part(h_prev, h, i),
                y ? y + t : nullptr, steps.present(i, me.row), steps.anew(i, me.row), relu, me.unit, me.at);
            exchange.send(me.mine, me.unit, h_found);
        });
        exchange.meet();
    }
}

extern "C" __global__ void ON_CHIP rnn_sequence_backward(
    const real* h, const real* W,                              // (T, B, H); (H, H) W_hh
    const real* dy, real* dh,                                  // (T, B, H); (B, H)
    const bool* here, const bool* begins,                      // (T, B) or null
    real* D,                                                   // (T, B, H) out: da
    int relu, unsigned* arrived,
    int reverse, int T, int B, int H, int blocks, int rows, int units, int slices)
{
    const Sequence steps{here, begins, reverse, T, B, H};
    Group group(B, H, blocks, rows, units, slices);
    Exchange exchange(arrived, blocks, rows, H, group.free);
    const Matrix M = group.keep(W, H, H, 1, H);
    exchange.begin();
    for (int i = T - 1; i >= 0; --i) {
        const size_t t = steps.at(i);
        group.each(H, [&](Item me) {
            real* da = D + t + me.at;
            rnn_unit_backward(
                h[t + me.at], dy[t + me.at], dh + me.at, steps.present(i, me.row), steps.anew(i, me.row), relu, da);
            exchange.send(me.mine, me.unit, *da);
        });
        exchange.meet();
        group.multiply(M, exchange.read({D + t + (size_t)group.first_row * H, H}));
        group.each(H, [&](Item me) {
            dh[me.at] += group.product(M, me.mine, me.u);
        });
    }
}
