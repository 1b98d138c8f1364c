"""Running the checks of an exercise on an answer."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, NamedTuple

from .answer import Answer, WrongAnswerError
from .catalogue import Check, Exercise, found

__all__ = ["Outcome", "check", "gradescope"]

LONGEST = 1000
"""Characters of what an exception says: a student's may say anything."""


class Outcome(NamedTuple):
    """One check: what it asks, what it is worth, whether it holds, and if not, what was expected, in words."""

    name: str
    points: float
    holds: bool
    says: str


def check(name: str, answer: ModuleType) -> list[Outcome]:
    """Return what came of every check of an exercise, run in this very process: see `graded` for files of others."""
    exercise = found(name)
    return [
        Outcome(asked.name, asked.points, not says, says)
        for asked, says in zip(exercise.checks, verdicts(exercise, answer), strict=True)
    ]


def verdicts(exercise: Exercise, module: ModuleType) -> Iterator[str]:
    """Yield what each check has to say, nothing where it holds."""
    answer = Answer(module, exercise.returns)
    return (verdict(one, answer, getattr(module, "__file__", None)) for one in exercise.checks)


def verdict(asked: Check, answer: Answer, file: str | None) -> str:
    """Run one check; whatever a student's code raises is an answer too."""
    try:
        asked.run(answer)
    except WrongAnswerError as wrong:
        return str(wrong)
    except BaseException as error:  # noqa: BLE001  it is theirs
        return told(error, file)
    return ""


def told(error: BaseException, file: str | None) -> str:
    """Return in words what a student's code raised, and in which line of the file."""
    match error:
        case NotImplementedError():
            return "not written yet: there is still a `raise NotImplementedError`."
        case SystemExit():
            says = "it ended the program by exit() or sys.exit(): leave that out"
        case SyntaxError(lineno=int(number)):
            return f"it raised {type(error).__name__}: {error.msg}{place(number, error.text)}"
        case MemoryError():
            says = "it wanted more memory than there is for it"
        case _:
            text = "".join(traceback.format_exception_only(error)).strip()[:LONGEST]
            says = f"it raised {text.encode('utf-8', 'backslashreplace').decode()}"  # halves of a character too
    lines = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f"{says}{place(lines[-1].lineno, lines[-1].line) if lines else ''}"


def place(number: int | None, line: str | None) -> str:
    """Return where in the student's file that was."""
    return f", in line {number}" + (f": {line.strip()}" if line else "")


def gradescope(outcomes: Sequence[Outcome], printed: str = "") -> dict[str, Any]:
    """Return outcomes as Gradescope's results.json, and what the file printed as its output."""
    tests = [
        {
            "name": outcome.name,
            "score": outcome.points * outcome.holds,
            "max_score": outcome.points,
            "status": "passed" if outcome.holds else "failed",
            "output": outcome.says,
        }
        for outcome in outcomes
    ]
    return {"score": sum(outcome.points * outcome.holds for outcome in outcomes), "output": printed, "tests": tests}
