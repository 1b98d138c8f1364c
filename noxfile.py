"""The tests on every Python that there is, with the oldest NumPy that is promised and with the newest: `nox`.

A Python that is not installed is skipped, and nox says so. What stands after `--` goes to pytest.
"""

from __future__ import annotations

import nox

nox.options.error_on_missing_interpreters = False

NUMPY = {"floor": {"3.11": "2.0", "3.12": "2.0", "3.13": "2.1", "3.14": "2.3"}, "newest": {}}
"""The floor is 2.0; a newer Python wants the first NumPy that was built for it."""


@nox.session(python=["3.11", "3.12", "3.13", "3.14"])
@nox.parametrize("numpy", list(NUMPY))
def tests(session: nox.Session, numpy: str) -> None:
    """Run the tests in random order, with every warning an error, and keep what became of them."""
    version = NUMPY[numpy].get(str(session.python))
    session.install("--only-binary", "numpy", ".[test]", f"numpy=={version}.*" if version else "numpy")
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    session.run("python", "-W", "error", "-m", "benchmarks.reliability.versions", *session.posargs, env=one_thread)
