// The GRU in both forms, a whole sequence in one launch.
#include "common.cuh"
#include "gru.cuh"
#include "chip.cuh"
#include "group.cuh"
#include "exchange.cuh"

// The reset gate after the product.
extern "C" __global__ void ON_CHIP gru_sequence_forward(
    real* a, real* hn, const real* W,                           // (T, B, 3H) W_ih x, then the gates; (T, B, H); W_hh^T
    const real* b_ih, const real* b_hh,                         // (3H,) or null
    real* h_prev, real* h, real* y,                             // (T, B, H); y may be null
    const bool* here, const bool* begins,                       // (T, B) or null
    unsigned* arrived,                                          // (groups,) zeros
    int reverse, int T, int B, int H, int blocks, int rows, int units, int slices)
{
    const Sequence steps{here, begins, reverse, T, B, H};
    Group group(B, H, blocks, rows, units, slices);
    Exchange exchange(arrived, blocks, rows, H, group.free);
    const Matrix M = group.keep(W, 3 * H, H, 3, H);
    exchange.take({h_prev + steps.at(0) + (size_t)group.first_row * H, H}, group.rows, H);
    exchange.begin();
    for (int i = 0; i < T; ++i) {
        const size_t t = steps.at(i);
        group.multiply(M, exchange.read({h_prev + t + (size_t)group.first_row * H, H}));
        group.each(H, [&](Item me) {
            real hidden[3];
            for (int k = 0; k < 3; ++k) hidden[k] = group.product(M, me.mine, k * group.units + me.u);
            const real h_found = gru_unit(
                hidden, a + 3 * t + (size_t)me.row * 3 * H + me.unit, hn + t, b_ih, b_hh,
                steps.part(h_prev, h, i), y ? y + t : nullptr,
                steps.present(i, me.row), steps.anew(i, me.row), H, me.unit, me.at);
            exchange.send(me.mine, me.unit, h_found);
        });
        exchange.meet();
    }
}

extern "C" __global__ void ON_CHIP gru_sequence_backward(
    const real* a, const real* hn, const real* W,               // (T, B, 3H) the gates; (T, B, H); (3H, H) W_hh
    const real* h_prev, const real* dy, real* dh,               // (T, B, H); (B, H)
    const bool* here, const bool* begins,                       // (T, B) or null
    real* D_x, real* D_h,                                       // (T, B, 3H) out: of what comes from x, and from h_prev
    unsigned* arrived,
    int reverse, int T, int B, int H, int blocks, int rows, int units, int slices)
{
    const Sequence steps{here, begins, reverse, T, B, H};
    Group group(B, H, blocks, rows, units, slices);
    Exchange exchange(arrived, blocks, rows, 3 * H, group.free);
    const Matrix M = group.keep(W, H, 3 * H, 1, H);
    exchange.begin();
    for (int i = T - 1; i >= 0; --i) {
        const size_t t = steps.at(i);
        group.each(H, [&](Item me) {
            const size_t gate = 3 * t + (size_t)me.row * 3 * H + me.unit, at = t + me.at;
            gru_unit_backward(
                a + gate, hn[at], h_prev[at], dy[at], dh + me.at,
                steps.present(i, me.row), steps.anew(i, me.row), H, D_x + gate, D_h + gate);
            for (int k = 0; k < 3; ++k) exchange.send(me.mine, k * H + me.unit, D_h[gate + k * H]);
        });
        exchange.meet();
        group.multiply(M, exchange.read({D_h + 3 * (t + (size_t)group.first_row * H), 3 * H}));
        group.each(H, [&](Item me) {
            dh[me.at] += group.product(M, me.mine, me.u);
        });
    }
}

// The reset gate before the product: two products a step, and a barrier after each half.
extern "C" __global__ void ON_CHIP gru_sequence_reset_forward(
    real* a, real* rh, const real* W,                           // as above; (T, B, H) r * h_prev
    const real* b_ih, const real* b_hh,
    real* h_prev, real* h, real* y,
    const bool* here, const bool* begins,
    unsigned* arrived,
    int reverse, int T, int B, int H, int blocks, int rows, int units, int slices)
{
    const Sequence steps{here, begins, reverse, T, B, H};
    Group group(B, H, blocks, rows, units, slices);
    Exchange exchange(arrived, blocks, rows, H, group.free);
    const Matrix M_rz = group.keep(W, 3 * H, H, 2, H), M_n = group.keep(W + 2 * H, 3 * H, H, 1, H);
    const size_t mine = (size_t)group.first_row * H;
    exchange.take({h_prev + steps.at(0) + mine, H}, group.rows, H);
    exchange.begin();
    for (int i = 0; i < T; ++i) {
        const size_t t = steps.at(i);
        group.multiply(M_rz, exchange.read({h_prev + t + mine, H}));
        group.each(H, [&](Item me) {
            real* gates = a + 3 * t + (size_t)me.row * 3 * H + me.unit;
            const real a_r = gates[0] + group.product(M_rz, me.mine, me.u);
            const real a_z = gates[H] + group.product(M_rz, me.mine, group.units + me.u);
            const real rh_t = gru_reset_unit(a_r, a_z, gates, b_ih, b_hh, h_prev[t + me.at], H, me.unit);
            rh[t + me.at] = rh_t;
            exchange.send(me.mine, me.unit, rh_t);
        });
        exchange.meet();
        group.multiply(M_n, exchange.read({rh + t + mine, H}));
        group.each(H, [&](Item me) {
            real* gates = a + 3 * t + (size_t)me.row * 3 * H + me.unit;
            const real h_found = gru_candidate_unit(
                gates[2 * H] + group.product(M_n, me.mine, me.u), gates, b_ih, b_hh,
                steps.part(h_prev, h, i), y ? y + t : nullptr,
                steps.present(i, me.row), steps.anew(i, me.row), H, me.unit, me.at);
            exchange.send(me.mine, me.unit, h_found);
        });
        exchange.meet();
    }
}

extern "C" __global__ void ON_CHIP gru_sequence_reset_backward(
    const real* a, const real* W, const real* h_prev, const real* dy, real* dh,
    const bool* here, const bool* begins,
    real* D,                                                    // (T, B, 3H) out: da
    unsigned* arrived,
    int reverse, int T, int B, int H, int blocks, int rows, int units, int slices)
{
    const Sequence steps{here, begins, reverse, T, B, H};
    Group group(B, H, blocks, rows, units, slices);
    Exchange exchange(arrived, blocks, rows, 2 * H, group.free);
    const Matrix M_rz = group.keep(W, H, 2 * H, 1, H), M_n = group.keep(W + (size_t)2 * H * H, H, H, 1, H);
    exchange.begin();
    for (int i = T - 1; i >= 0; --i) {
        const size_t t = steps.at(i);
        const real* D_t = D + 3 * (t + (size_t)group.first_row * H);
        group.each(H, [&](Item me) {
            const size_t gate = 3 * t + (size_t)me.row * 3 * H + me.unit, at = t + me.at;
            real* da = D + gate;
            gru_finish_backward(
                a + gate, h_prev[at], dy[at], dh + me.at,
                steps.present(i, me.row), steps.anew(i, me.row), H, da + H, da + 2 * H);
            exchange.send(me.mine, me.unit, da[2 * H]);
        });
        exchange.meet();
        group.multiply(M_n, exchange.read({D_t + 2 * H, 3 * H}));
        group.each(H, [&](Item me) {
            const size_t gate = 3 * t + (size_t)me.row * 3 * H + me.unit;
            real* da = D + gate;
            gru_reset_unit_backward(a[gate], h_prev[t + me.at], group.product(M_n, me.mine, me.u), dh + me.at, da);
            exchange.send(me.mine, me.unit, da[0]);
            exchange.send(me.mine, H + me.unit, da[H]);
        });
        exchange.meet();
        group.multiply(M_rz, exchange.read({D_t, 3 * H}));
        group.each(H, [&](Item me) {
            dh[me.at] += group.product(M_rz, me.mine, me.u);
        });
    }
}
