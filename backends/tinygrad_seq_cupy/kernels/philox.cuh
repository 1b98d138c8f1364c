// Numbers in [0, 1) that are a function of (seed, step, draw, position): Philox4x32-10 (Salmon et al., 2011).

// The name of a draw. `now`, where it is not null, holds the step: so a recorded launch draws anew each time.
struct Key {
    unsigned seed_low, seed_high, draw, step;
};

__device__ __forceinline__ Key key_of(
    unsigned seed_low, unsigned seed_high, unsigned draw, unsigned step, const unsigned* now)
{
    return {seed_low, seed_high, draw, now ? *now : step};
}

#define DRAWN (sizeof(real) == 4 ? 4 : 2)  // numbers of a counter: four words make four floats, or two doubles

// The numbers of one counter: those at DRAWN * block and after it.
__device__ __forceinline__ void philox(Key key, unsigned block, real (&u)[4])
{
    unsigned c[4] = {block, 0, key.draw, key.step}, k[2] = {key.seed_low, key.seed_high};
    for (int round = 0; round < 10; ++round) {
        const unsigned long long a = 0xD2511F53ull * c[0], b = 0xCD9E8D57ull * c[2];
        const unsigned mixed[4] = {
            (unsigned)(b >> 32) ^ c[1] ^ k[0], (unsigned)b, (unsigned)(a >> 32) ^ c[3] ^ k[1], (unsigned)a};
        for (int i = 0; i < 4; ++i) c[i] = mixed[i];
        k[0] += 0x9E3779B9u;
        k[1] += 0xBB67AE85u;
    }
    for (int i = 0; i < DRAWN; ++i)
        u[i] = DRAWN == 4
            ? real(c[i] >> 8) * real(5.9604644775390625e-08)                                           // 24 bits
            : real(((unsigned long long)c[2 * i] << 21) | (c[2 * i + 1] >> 11)) * real(1.1102230246251565e-16);  // 53
}
