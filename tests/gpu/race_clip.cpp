// Clipping on true threads, compared with its equation. Built with clip's two kernels, for two arrays, before it.
#include <cstdio>

int main(int, char** arguments)
{
    without = std::atoi(arguments[1]);
    const int n = 5 * THREADS + 3, few = 2, blocks = 3;
    std::vector<real> g(n), y(n), small = {3, -4}, smaller(few);
    for (int i = 0; i < n; ++i) g[i] = std::sin(real(i) * real(1.7));
    std::vector<double> partials(blocks);
    double norm = 0;
    in_turns(blocks, [&] { clip_squares(partials.data(), 0, g.data(), n, small.data(), few); });
    in_turns(blocks, [&] {
        clip_scale(partials.data(), blocks, 2.0, &norm, g.data(), y.data(), n, small.data(), smaller.data(), few);
    });

    double sum = 25;
    for (const real x : g) sum += x * x;
    double worst = std::fabs(norm - std::sqrt(sum));
    for (int i = 0; i < n; ++i) worst = std::fmax(worst, std::fabs(y[i] - g[i] * 2 / (std::sqrt(sum) + 1e-6)));
    worst = std::fmax(worst, std::fabs(smaller[1] + 8 / (std::sqrt(sum) + 1e-6)));
    std::printf("largest error %.1e\n", worst);
    return !(worst < 1e-12);
}
