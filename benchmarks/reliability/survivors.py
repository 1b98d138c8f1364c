"""Change the code in small ways, one at a time, and see whether a test fails: mutation testing, with mutmut.

    python -m benchmarks.reliability.survivors [--sample 400] [--seed 0] [--processes 2]

mutmut (`[tool.mutmut]` in pyproject.toml) makes all mutants of the engine, the operations, the optimizers and the file
of a checkpoint, some 5,000; it finds out which tests call a function, and runs those on its mutants until one fails. Of
each file as many are drawn as its share of all. Those that no test notices are listed with what was changed; what is
said of them stands in docs/reliability.md. `--sample 0` tries all of them, which takes hours.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from pathlib import Path, PurePath
from random import Random
from typing import Any

from ..report import save, table

__all__ = ["drawn", "left", "shown", "summary", "with_closures"]

Results = dict[str, dict[str, int | None]]
SETTINGS = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["tool"]["mutmut"]
TESTS = SETTINGS["pytest_add_cli_args_test_selection"]
MADE = Path("mutants")
PATIENCE = 1800
CALLED = "called: "
LIST_CALLED = f"""
import pytest, sys
from mutmut.state import state
pytest.main(sys.argv[1:])
for function in state()._stats:
    print({CALLED!r} + function)
"""
SMALLEST = "tinygrad_seq.ops.carry.*"
"""One mutant: as mutmut runs it, it makes all of them."""
ALIVE, KILLED = (0, 5, 33), 1
VERDICTS = {
    0: "survived",
    **dict.fromkeys((1, 3), "killed"),
    **dict.fromkeys((5, 33), "not called"),
    **dict.fromkeys((24, -24, 36, 152, 255), "too long"),
}


def mutmut(*arguments: str) -> str:
    """Run mutmut, and return what it prints."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{done.stdout[-4000:]}\nmutmut failed. It is in the meta extra: pip install -e '.[meta]'")
    return done.stdout


def fresh_pytest(mutant: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process that begins with this mutant, with a command and mutmut's arguments for pytest."""
    paths = [str(MADE.resolve()), str((MADE / "backends").resolve())]
    environment = os.environ | {"MUTANT_UNDER_TEST": mutant, "PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.run(
        [sys.executable, *command, *SETTINGS["pytest_add_cli_args"]],
        cwd=MADE, env=environment, stdout=subprocess.PIPE, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip


def called_at_import() -> set[str]:
    """Return the functions that are called while the library and its tests are imported.

    mutmut forks a process that has imported both: what such a function makes then, as the closures of `engine/apply.py`
    are made, is there as it was, whatever the mutant.
    """
    said = fresh_pytest("stats", "-c", LIST_CALLED, "--collect-only", "-qq", *TESTS).stdout
    return {line.removeprefix(CALLED) for line in said.splitlines() if line.startswith(CALLED)}


def noticed_afresh(name: str) -> bool:
    """Tell whether a test fails in a process that begins with this mutant; a folder at a time, so that one may do."""
    try:
        noticed = any(fresh_pytest(name, "-m", "pytest", "-x", "-q", path).returncode for path in TESTS)
    except subprocess.TimeoutExpired:
        noticed = True
    print(f"{name}, from the start: {'killed' if noticed else 'survived'}", flush=True)
    return noticed


def results() -> Results:
    """Return what became of every mutant, by file; None where it was not tried."""
    found = {}
    for meta in sorted(MADE.rglob("*.py.meta")):
        codes = json.loads(meta.read_text("utf-8"))["exit_code_by_key"]
        if codes:
            found[meta.relative_to(MADE).as_posix().removesuffix(".meta")] = codes
    return found


def with_closures(files: Results, tried: dict[str, list[str]], processes: int) -> Results:
    """Return what became of the mutants, once those that a fork could not try have been tried from the start."""
    early = called_at_import()
    again = [
        name
        for file, names in tried.items()
        for name in names
        if files[file][name] in ALIVE and name.partition("__mutmut_")[0] in early
    ]
    with ThreadPoolExecutor(processes) as pool:
        fails, *noticed = pool.map(noticed_afresh, ["no mutant", *again])
    if fails:
        raise SystemExit("A test fails without any mutant.")
    killed = {name for name, by_a_test in zip(again, noticed, strict=True) if by_a_test}
    return {
        file: {name: KILLED if name in killed else code for name, code in codes.items()}
        for file, codes in files.items()
    }


def drawn(files: dict[str, dict[str, Any]], sample: int, seed: int) -> dict[str, list[str]]:
    """Return the mutants of each file that are tried: its share of the sample, rounded up."""
    total = sum(map(len, files.values()))
    return {
        file: Random(f"{seed} {file}").sample(sorted(names), ceil(min(sample or total, total) * len(names) / total))
        for file, names in files.items()
    }


def summary(files: Results, tried: dict[str, list[str]]) -> dict[str, dict[str, int]]:
    """Return for each file how many mutants there are, and what became of those that were tried."""
    return {
        file: {"mutants": len(files[file]), "tried": len(names)}
        | dict(sorted(Counter(VERDICTS.get(files[file][name], "died") for name in names).items()))  # type: ignore[arg-type]
        for file, names in tried.items()
    }


def main() -> None:
    """Run the command line."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=400, help="mutants to try; 0: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    side_by_side = f"--max-children={options.processes}"
    mutmut("run", side_by_side, SMALLEST)
    tried = drawn(results(), options.sample, options.seed)
    mutmut("run", side_by_side, *(name for of_file in tried.values() for name in of_file))
    files = with_closures(results(), tried, options.processes)
    counts = summary(files, tried)
    print(f"{shown(counts)}\n")
    alive = [name for file, of_file in tried.items() for name in of_file if files[file][name] in ALIVE]
    survivors = {name: change(name) for name in alive}
    for name, changed in survivors.items():
        print(f"{name}\n{changed}\n")
    save("survivors", {"seed": options.seed, "files": counts, "survivors": survivors})


def left(counts: dict[str, int]) -> int:
    """Return how many mutants no test has noticed."""
    return counts.get("survived", 0) + counts.get("not called", 0)


def shown(files: dict[str, dict[str, int]]) -> str:
    """Return the table of docs/reliability.md: by folder, and the files beside the folders one by one."""
    parts: dict[str, Counter[str]] = {}
    for file, counts in files.items():
        for part in ("/".join(PurePath(file).parts[:2]), "all"):
            parts.setdefault(part, Counter()).update({**counts, "alive": left(counts)})
    parts["all"] = parts.pop("all")
    rows = [
        (part, f"{c['mutants']:,}", c["tried"], c["killed"], c["too long"] + c["died"], c["alive"], share(c))
        for part, c in parts.items()
    ]
    return table(("part", "mutants", "tried", "killed", "too long", "alive", "noticed"), rows)


def share(counts: dict[str, int]) -> str:
    """Return how many of those that were tried a test has noticed."""
    return f"{100 * (1 - counts['alive'] / counts['tried']):.1f} %"


def change(name: str) -> str:
    """Return the lines that differ in a mutant."""
    lines = mutmut("show", name).splitlines()
    return "\n".join(line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---"))


if __name__ == "__main__":
    main()
