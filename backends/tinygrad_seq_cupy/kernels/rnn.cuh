// The plain recurrence, one row and unit of one step.

// h_t = tanh(a_t + b_ih + b_hh)                               (or relu), with a_t = W_ih x_t + W_hh h_prev
__device__ __forceinline__ real rnn_unit(
    real a_t, const real* b_ih, const real* b_hh, Part h, real* y,
    bool present, bool begins, int relu, int unit, int at)
{
    a_t += either(b_ih, unit) + either(b_hh, unit);
    const real h_t = relu ? (a_t > real(0) || a_t != a_t ? a_t : real(0)) : tanh(a_t);
    if (y) y[at] = present ? h_t : real(0);
    return settle(h_t, h, present, begins, at);
}

// da = dh * (1 - h_t^2)                                       (or dh where h_t > 0)
// dh: in, of the new state; out, what passes through. `cut`: a new sequence began after this step.
__device__ __forceinline__ void rnn_unit_backward(
    real h_t, real dy, real* dh, bool present, bool cut, int relu, real* da)
{
    const real later = cut ? real(0) : *dh;
    const real slope = relu ? real(h_t > real(0)) : real(1) - h_t * h_t;
    *da = present ? (later + dy) * slope : real(0);
    *dh = present ? real(0) : later;
}
