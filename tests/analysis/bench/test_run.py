"""A run: who can compute, whether they agree, and only then how long they take."""

from __future__ import annotations

import os

import numpy as np
import pytest
import tinygrad_seq_fake.namespace

from tinygrad_seq.analysis.bench import Case, Contender, NoRoom, Size, cases, compared, contenders, peaks, runners
from tinygrad_seq.analysis.bench import timing as timing_of
from tinygrad_seq.analysis.bench.agreement import TOLERANCES, distance
from tinygrad_seq.analysis.bench.peaks import measured, product_and_copy
from tinygrad_seq.analysis.bench.timing import FEWEST, WARM, Timed, interleaved
from tinygrad_seq.backend import current_backend, get_backend
from tinygrad_seq.errors import BackendError

SIZE = Size(4, 3, 5)
TWO = (Contender("numpy, plain", "numpy", {"TINYGRAD_SEQ_NUMBA": "0"}), Contender("fake", "fake"))
ALL = cases(("rnn", "lstm", "gru"))


def rows(chosen=ALL):
    return list(compared(TWO, runners(TWO), chosen, [SIZE], 0.0))


def test_every_case_is_timed_where_the_backends_agree():
    found = rows()
    assert [(row.case, row.kind, row.runner) for row in found] == [
        (case.name, case.kind, one.name) for case in ALL for one in TWO
    ]
    for row in found:
        assert row.distance.size <= TOLERANCES["off"] == row.tolerance
        assert row.timing.repeats >= FEWEST
        assert 0 < row.timing.issue_ms <= row.timing.median_ms
        assert row.timing.least_ms <= row.timing.low_ms <= row.timing.median_ms <= row.timing.high_ms
        assert row.gflops == pytest.approx(row.work.flops / row.timing.median_ms * 1e-6)


def test_a_backend_that_computes_something_else_is_named_and_not_timed(monkeypatch):
    tanh = tinygrad_seq_fake.namespace.tanh
    monkeypatch.setattr(tinygrad_seq_fake.namespace, "tanh", lambda x: tanh(x) * 1.001)
    by_case = {(row.case, row.kind, row.runner): row for row in rows()}
    for (case, kind, runner), row in by_case.items():
        is_wrong = runner == "fake" and case not in {"matmul", "cross-entropy"}
        assert (row.timing is None) == is_wrong == (row.distance.size > row.tolerance), (case, kind, runner)
    assert by_case["elementwise", "operation", "fake"].distance.what in {"y", "da", "db"}


def test_a_step_that_goes_wrong_only_when_it_is_replayed_is_found(monkeypatch):
    from tinygrad_seq_fake import FakeBackend

    def forgets(self, run, weights, inputs):
        results = run(weights, inputs)
        return lambda step, *inputs: results

    monkeypatch.setattr(FakeBackend, "capture", forgets)
    found = {row.runner: row for row in rows([case for case in ALL if case.kind == "training step"][:1])}
    assert found["fake"].distance.what == "loss after 3 steps"
    assert found["fake"].timing is None
    assert found["numpy, plain"].timing is not None


def without_room(where, calls=0):
    """A product for which there is no memory: where `where(backend, dtype)` says so, from a call on."""

    def make(size, dtype):
        job, left = ALL[0].make(size, dtype), [calls]

        def once(*, create_graph=False):
            left[0] -= 1
            if left[0] < 0 and where(current_backend().name, dtype):
                raise MemoryError
            return job(create_graph=create_graph)

        once.update = job.update
        return once

    return Case("matmul", "operation", make)


@pytest.mark.parametrize("calls", [0, 1, WARM], ids=["computing", "warming up", "still warming up"])
def test_who_runs_out_of_memory_is_named_and_the_others_are_timed(calls):
    hungry = without_room(lambda backend, dtype: backend == "fake", calls)
    numpy, fake, *after = rows([hungry, ALL[1]])
    assert numpy.timing is not None
    assert fake == NoRoom("matmul", "operation", SIZE, "fake", "fake")
    assert [row.case for row in after if row.timing] == ["elementwise"] * 2


def test_where_there_is_no_memory_for_the_check_nobody_is_timed():
    found = rows([without_room(lambda backend, dtype: dtype == "float64"), ALL[1]])
    assert found[:2] == [
        NoRoom("matmul", "operation", SIZE, who, "NumPy in float64") for who in ("numpy, plain", "fake")
    ]
    assert all(row.timing for row in found[2:])


def test_distance_is_that_of_the_worst_result_and_infinite_where_there_is_no_number():
    r = {"y": np.array([1.0, -4.0]), "dx": np.array([2.0])}
    assert distance({"y": np.array([1.0, -4.0]), "dx": np.array([3.0])}, r) == ("dx", 0.5)
    assert distance({"y": np.array([2.0, -4.0]), "dx": np.array([2.0])}, r) == ("y", 0.25)
    for bad in (np.array([1.0, np.nan]), np.array([np.inf, 0.0]), np.array([1.0])):
        assert distance({**r, "y": bad}, r) == ("y", np.inf)
    assert distance({"y": np.zeros(2)}, {"y": np.zeros(2)}) == ("y", 0.0)


def test_tf32_has_a_tolerance_of_its_own(monkeypatch):
    who = [runner if runner.name != "fake" else with_tf32(runner) for runner in runners(TWO)]
    found = list(compared(TWO, who, ALL[:1], [SIZE], 0.0))
    assert [row.tolerance for row in found] == [TOLERANCES["off"], TOLERANCES["on"]]


def with_tf32(runner):
    from dataclasses import replace

    return replace(runner, about={**runner.about, "tf32": "on"})


def test_numpy_competes_twice_where_numba_is_there(monkeypatch):
    pytest.importorskip("numba")
    monkeypatch.delenv("TINYGRAD_SEQ_NUMBA", raising=False)
    able, unable = contenders(["numpy", "fake", "numpy"])
    assert [one.name for one in able] == ["numpy, plain", "numpy, compiled", "fake"]
    assert not unable
    assert able[0].kernels().startswith("in plain NumPy")
    assert able[1].kernels().startswith("compiled by numba")
    with able[0].active():
        assert os.environ["TINYGRAD_SEQ_NUMBA"] == "0"
    assert "TINYGRAD_SEQ_NUMBA" not in os.environ


def test_where_numba_may_not_compile_the_reason_is_told(monkeypatch):
    monkeypatch.setenv("TINYGRAD_SEQ_NUMBA", "0")
    able, unable = contenders(["numpy"])
    assert [one.name for one in able] == ["numpy, plain"]
    assert unable == {"numpy, compiled": "in plain NumPy, because TINYGRAD_SEQ_NUMBA=0 says so"}
    with able[0].active():
        pass
    assert os.environ["TINYGRAD_SEQ_NUMBA"] == "0"


def test_an_unknown_backend_is_an_error():
    with pytest.raises(BackendError, match="there is no backend 'abacus'"):
        contenders(["abacus"])


def test_calls_take_turns_after_they_have_been_warmed_up(monkeypatch):
    log = []
    now = iter(range(10_000))
    monkeypatch.setattr(timing_of, "perf_counter", lambda: next(now))
    timed = {name: Timed(lambda name=name: log.append(name), lambda: log.append("wait")) for name in "ab"}
    found = interleaved(timed, 0.0)
    assert log[: 2 * (WARM + 1)] == ["a"] * WARM + ["wait"] + ["b"] * WARM + ["wait"]
    assert log[2 * (WARM + 1) :] == ["a", "wait", "b", "wait"] * FEWEST
    assert found["a"].repeats == found["b"].repeats == FEWEST
    assert (found["a"].issue_ms, found["a"].median_ms) == (1000, 2000)
    assert interleaved({}, 1.0) == {}


@pytest.mark.parametrize("backend", ["numpy", "fake"])
def test_peaks_are_those_of_a_product_and_a_copy_on_the_backend_itself(backend):
    place = get_backend(backend)
    product, copy = product_and_copy(place, 3, 4)
    assert isinstance(product(), place.array_types)
    copy()
    assert min(measured(place)) > 0


def test_a_peak_counts_2_n_cubed_and_what_a_copy_reads_and_writes(monkeypatch):
    now = iter(range(1000))
    monkeypatch.setattr(peaks, "perf_counter", lambda: next(now))
    assert measured(get_backend("numpy")) == pytest.approx((2 * 8**3 / 1e9, 2 * 4 * 8 / 1e9))


def test_a_runner_is_kept_with_its_device_its_peaks_and_the_hash_of_its_code():
    numpy, fake = runners(TWO)
    assert fake.about == {"device": "a pretended device"}
    assert numpy.kernels == "in plain NumPy, because TINYGRAD_SEQ_NUMBA=0 says so"
    assert len(numpy.kernel_hash) == 64
    assert numpy.kernel_hash != fake.kernel_hash
