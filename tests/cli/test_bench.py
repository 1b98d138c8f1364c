"""`bench`: who could compute, who agrees, times, the page, the numbers, and results of several machines in one."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import tinygrad_seq_fake.namespace

from tinygrad_seq import backend
from tinygrad_seq.analysis.bench import cases, peaks
from tinygrad_seq.errors import BackendUnavailableError

TINY = ("--sizes", "3,2,4", "--sizes", "3,2,8", "--cells", "rnn")
cases_of = sys.modules[cases.__module__]
TWO = ("--backend", "numpy", "--backend", "fake")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(peaks, "SQUARES", (8, 8))
    monkeypatch.setattr(peaks, "COPIES", (8, 8))
    monkeypatch.setattr("tinygrad_seq.cli.bench.SECONDS", 0.0)
    monkeypatch.setenv("TINYGRAD_SEQ_NUMBA", "0")


@pytest.fixture
def no_gpu(monkeypatch):
    def refuse():
        raise BackendUnavailableError("CuPy has no luck.\n    Try again.")

    monkeypatch.delitem(backend.made, "cupy", raising=False)
    monkeypatch.setitem(backend.CLASSES, "cupy", "tests_no_cupy:Class")
    monkeypatch.setattr(backend, "import_module", lambda name: type("m", (), {"Class": staticmethod(refuse)}))


def test_it_prints_a_table_and_writes_a_page_and_the_numbers(call):
    done = call("bench", *TWO, *TINY, "--json", "deep/bench.json")
    assert done.code == 0, done
    lines = done.out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("case "))
    table = [line.split() for line in lines[start + 1 : start + 21]]
    assert [row[0] for row in table] == [
        name for name in ("matmul", "elementwise", "cross-entropy", "rnn", "rnn") for _ in range(4)
    ]
    assert "called 4 times before the clock starts" in done.out
    assert "issued is the time until the call returns" in done.out
    assert "fake: a pretended device, in plain NumPy." in done.out
    assert "Wrote: deep/bench.json" in done.out
    assert "Wrote: bench.html: open it in a browser." in done.out
    assert "Next:  tinygrad-seq bench --merge deep/bench.json" in done.out
    (machine,) = json.loads(Path("deep/bench.json").read_text())["machines"]
    assert [runner["name"] for runner in machine["runners"]] == ["numpy, plain", "fake"]
    assert all(len(runner["kernel_hash"]) == 64 and runner["about"]["device"] for runner in machine["runners"])
    assert {"numpy", "python", "platform", "commit", "date"} <= machine["environment"].keys()
    assert len(machine["rows"]) == 20
    page = Path("bench.html").read_text("utf-8")
    assert page.count("<svg") == 5 + 2  # a chart for each case over H, a roofline for each backend
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")


def test_without_a_gpu_it_says_not_measured_and_why(call, no_gpu):
    done = call("bench", "--backend", "numpy", "--backend", "cupy", "--sizes", "2,2,2", "--cells", "rnn")
    assert done.code == 0, done
    assert "cupy: not measured: CuPy has no luck.\n    Try again." in done.out
    assert "numpy, compiled: not measured: in plain NumPy, because TINYGRAD_SEQ_NUMBA=0 says so" in done.out
    assert not [line for line in done.out.splitlines() if "GFLOP/s" in line and "cupy" in line]
    page = Path("bench.html").read_text("utf-8")
    assert "not measured: CuPy has no luck." in page


def test_where_nothing_can_be_measured_nothing_is_written(call, no_gpu):
    done = call("bench", "--backend", "cupy", "--sizes", "2,2,2")
    assert done.code == 1
    assert "cupy: not measured: CuPy has no luck." in done.out
    assert "nothing to measure" in done.err
    assert not Path("bench.html").exists()


def test_a_backend_that_disagrees_has_no_times(call, monkeypatch):
    tanh = tinygrad_seq_fake.namespace.tanh
    monkeypatch.setattr(tinygrad_seq_fake.namespace, "tanh", lambda x: tanh(x) + 0.01)
    done = call("bench", *TWO, *TINY, "--json", "bench.json")
    assert done.code == 0, done
    wrong = [line for line in done.out.splitlines() if line.startswith("elementwise") and " fake " in line]
    assert len(wrong) == 2
    assert all("differs" in line and "> 0.0001" in line for line in wrong)
    (machine,) = json.loads(Path("bench.json").read_text())["machines"]
    timed = {(row["case"], row["runner"]): row["timing"] for row in machine["rows"]}
    assert timed["elementwise", "fake"] is timed["rnn", "fake"] is None
    assert timed["matmul", "fake"] is not None
    assert timed["elementwise", "numpy, plain"] is not None
    assert "differs" in Path("bench.html").read_text("utf-8")


def test_a_size_that_memory_has_no_room_for_is_told_and_the_next_one_is_measured(call, monkeypatch):
    matmul = cases_of.matmul

    def hungry(size, dtype):
        if size.H == 8 and backend.current_backend().name == "fake":
            raise MemoryError
        return matmul(size, dtype)

    monkeypatch.setattr(cases_of, "matmul", hungry)
    done = call("bench", *TWO, *TINY, "--json", "bench.json")
    assert done.code == 0, done
    (told,) = (line for line in done.out.splitlines() if line.endswith("out of memory"))
    assert told.split()[:6] == ["matmul", "operation", "fake", "3", "2", "8"]
    (machine,) = json.loads(Path("bench.json").read_text())["machines"]
    (row,) = (row for row in machine["rows"] if "timing" not in row)
    assert (row["size"]["H"], row["runner"], row["out_of_memory"]) == (8, "fake", "fake")
    assert sum(row.get("timing") is not None for row in machine["rows"]) == 19
    assert call("bench", "--merge", "bench.json", "-o", "again.html").code == 0
    assert '<td class="number">out of memory</td>' in Path("again.html").read_text("utf-8")


def test_results_of_several_machines_are_shown_side_by_side(call):
    assert call("bench", *TWO, *TINY, "--json", "here.json").code == 0
    text = Path("here.json").read_text().replace("a pretended device", "another device")
    Path("there.json").write_text(text)
    done = call("bench", "--merge", "here.json", "--merge", "there.json", "--json", "both.json", "-o", "both.html")
    assert done.code == 0, done
    assert "called 4 times" not in done.out
    page = Path("both.html").read_text("utf-8")
    for label in ("numpy, plain · 1", "fake · 1", "numpy, plain · 2", "fake · 2", "another device", "Machine 2"):
        assert label in page
    again = call("bench", "--merge", "both.json", "-o", "again.html")
    assert again.code == 0
    assert Path("again.html").read_text("utf-8") == page


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--backend", "abacus"), "there is no backend 'abacus'"),
        (("--cells", "cnn"), "--cells cnn: expected one of rnn, lstm, gru, mlstm."),
        (("--sizes", "3,2"), "--sizes 3,2: expected T,B,H"),
        (("--sizes", "3,2,0"), "three whole numbers from 1"),
        (("--sizes", "3,2,١"), "three whole numbers from 1"),
        (("--merge", "a.json", "--cells", "rnn"), "--merge measures nothing"),
        (("--merge", "missing.json"), "missing.json: No such file"),
    ],
)
def test_a_wrong_call_says_what_is_right(call, arguments, said):
    done = call("bench", *arguments)
    assert done.code == 1, done
    assert said in done.err
    assert not Path("bench.html").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe", "bad.json: this is no benchmark: it is not text."),
        (b"{", "bad.json: this is no benchmark: it is not JSON"),
        (b'{"format": "tinygrad_seq.bench", "version": 2}', "bad.json: this benchmark has version 2"),
    ],
)
def test_a_file_of_something_else_is_refused_by_its_name(call, content, said):
    Path("bad.json").write_bytes(content)
    done = call("bench", "--merge", "bad.json")
    assert done.code == 1
    assert said in done.err


def test_help_shows_examples(call):
    done = call("bench", "--help")
    assert done.code == 0
    assert "• tinygrad-seq bench --json here.json" in done.out
