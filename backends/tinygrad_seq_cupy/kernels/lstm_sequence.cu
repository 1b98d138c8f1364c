// The LSTM, a whole sequence in one launch.
#include "common.cuh"
#include "lstm.cuh"
#include "chip.cuh"
#include "group.cuh"
#include "exchange.cuh"

extern "C" __global__ void ON_CHIP lstm_sequence_forward(
    real* a, const real* W,                                      // (T, B, 4H) W_ih x, then the gates; (H, 4H) W_hh^T
    const real* b_ih, const real* b_hh,                          // (4H,) or null
    real* h_prev, real* c_prev, real* h, real* c, real* y,       // (T, B, H); y may be null
    const bool* here, const bool* begins,                        // (T, B) or null
    unsigned* arrived,                                           // (groups,) zeros
    int reverse, int T, int B, int H, int blocks, int rows, int units, int slices)
{
    const Sequence steps{here, begins, reverse, T, B, H};
    Group group(B, H, blocks, rows, units, slices);
    Exchange exchange(arrived, blocks, rows, H, group.free);
    const Matrix M = group.keep(W, 4 * H, H, 4, H);
    exchange.take({h_prev + steps.at(0) + (size_t)group.first_row * H, H}, group.rows, H);
    exchange.begin();
    for (int i = 0; i < T; ++i) {
        const size_t t = steps.at(i);
        group.multiply(M, exchange.read({h_prev + t + (size_t)group.first_row * H, H}));
        group.each(H, [&](Item me) {
            real* gates = a + 4 * t + (size_t)me.row * 4 * H + me.unit;
            real pre[4];
            for (int k = 0; k < 4; ++k) pre[k] = gates[k * H] + group.product(M, me.mine, k * group.units + me.u);
            const real h_found = lstm_unit(
                pre, gates, b_ih, b_hh, steps.part(h_prev, h, i), steps.part(c_prev, c, i),
                y ? y + t : nullptr, steps.present(i, me.row), steps.anew(i, me.row), H, me.unit, me.at);
            exchange.send(me.mine, me.unit, h_found);
        });
        exchange.meet();
    }
}

extern "C" __global__ void ON_CHIP lstm_sequence_backward(
    const real* a, const real* W,                                // (T, B, 4H) the gates; (4H, H) W_hh
    const real* c_prev, const real* c,                           // (T, B, H)
    const real* dy, real* dh, real* dc,                          // (T, B, H); (B, H)
    const bool* here, const bool* begins,                        // (T, B) or null
    real* D,                                                     // (T, B, 4H) out: da
    unsigned* arrived,
    int reverse, int T, int B, int H, int blocks, int rows, int units, int slices)
{
    const Sequence steps{here, begins, reverse, T, B, H};
    Group group(B, H, blocks, rows, units, slices);
    Exchange exchange(arrived, blocks, rows, 4 * H, group.free);
    const Matrix M = group.keep(W, H, 4 * H, 1, H);
    exchange.begin();
    for (int i = T - 1; i >= 0; --i) {
        const size_t t = steps.at(i);
        group.each(H, [&](Item me) {
            const size_t gate = 4 * t + (size_t)me.row * 4 * H + me.unit, at = t + me.at;
            lstm_unit_backward(
                a + gate, c_prev[at], c[at], dy[at], dh + me.at, dc + me.at,
                steps.present(i, me.row), steps.anew(i, me.row), H, D + gate);
            for (int k = 0; k < 4; ++k) exchange.send(me.mine, k * H + me.unit, D[gate + k * H]);
        });
        exchange.meet();
        group.multiply(M, exchange.read({D + 4 * (t + (size_t)group.first_row * H), 4 * H}));
        group.each(H, [&](Item me) {
            dh[me.at] += group.product(M, me.mine, me.u);
        });
    }
}
