// The kernels with barriers, run on true threads and compared with their equations. Built with loss.cu before it.
#include <cstdio>

int main(int, char** arguments)
{
    without = std::atoi(arguments[1]);
    const int n = 3, V = 5 * THREADS + 3;
    std::vector<real> z(n * V), L(n), s(n), dz(n * V), dL = {1, -2, 3};
    std::vector<long long> y = {0, V - 1, 4};
    const bool counts[n] = {true, true, false};
    for (int i = 0; i < n * V; ++i) z[i] = std::sin(real(i) * real(1.7)) * 4;
    in_turns(n, [&] { loss_forward(z.data(), y.data(), counts, L.data(), s.data(), V); });
    in_turns(n, [&] { loss_backward(z.data(), y.data(), counts, s.data(), dL.data(), dz.data(), V); });

    double worst = 0;
    for (int row = 0; row < n; ++row) {
        double sum = 0;
        for (int k = 0; k < V; ++k) sum += std::exp((double)z[row * V + k]);
        const double expected = counts[row] ? std::log(sum) - z[row * V + y[row]] : 0;
        worst = std::fmax(worst, std::fabs(L[row] - expected));
        for (int k = 0; k < V; ++k) {
            const double softmax = std::exp((double)z[row * V + k]) / sum;
            const double d = counts[row] ? dL[row] * (softmax - (k == y[row])) : 0;
            worst = std::fmax(worst, std::fabs(dz[row * V + k] - d));
        }
    }
    std::printf("largest error %.1e\n", worst);
    return !(worst < 1e-12);
}
