"""What griffe is told of our docstrings: equations are set as they stand, composed docstrings come from the program.

A docstring of this package is plain text to be read in an editor. In Markdown its equations would run into one line,
its products become italics, and an example without a heading a quotation.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from inspect import Parameter
from typing import Any

import griffe

SECTION = re.compile(r"(Args|Attributes|Raises|Returns|Yields):$")
EQUATION = re.compile(r"[A-Za-z]\w*(_\{?\w+\}?)?(\[[^\]]*\]|\([^)]*\)|/[A-Za-z]+)?(, [a-z]\w*)? = ")
LABEL = re.compile(r"^(Shapes?|Call|Sources?|Raises|PyTorch|Keras|Memory[^.:]{0,30}|In PyTorch): ", re.MULTILINE)
KINDS = {
    Parameter.POSITIONAL_ONLY: griffe.ParameterKind.positional_only,
    Parameter.POSITIONAL_OR_KEYWORD: griffe.ParameterKind.positional_or_keyword,
    Parameter.VAR_POSITIONAL: griffe.ParameterKind.var_positional,
    Parameter.KEYWORD_ONLY: griffe.ParameterKind.keyword_only,
}


class Docstrings(griffe.Extension):
    """Docstrings as Markdown; operations as the functions they are."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Set an object's docstring in Markdown; a class whose docstring is composed has it from the program."""
        text = obj.docstring.value if obj.docstring else composed(obj)
        if text:
            obj.docstring = griffe.Docstring(markdown(text), parent=obj, parser="google")

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Show `tanh = Tanh.apply` as the function that it is, with its rule."""
        if pkg.name == "tinygrad_seq":
            operations = import_module("tinygrad_seq.ops")
            for name in operations.__all__:
                function = getattr(operations, name)
                if function.__qualname__.endswith(".apply"):
                    pkg["ops"].set_member(name, operation(name, function))


def composed(obj: griffe.Object) -> str | None:
    """Return the docstring of a class that assigns to `__doc__`."""
    if not (obj.is_class and "__doc__" in obj.members):
        return None
    return inspect.getdoc(getattr(import_module(obj.module.path), obj.name))


def operation(name: str, function: Any) -> griffe.Function:
    """Return an operation as a function with the arguments of its `forward`."""
    op = getattr(import_module(function.__module__), function.__qualname__.partition(".")[0])
    parameters = list(inspect.signature(op.forward).parameters.values())[1:]
    taken = griffe.Parameters(
        *(
            griffe.Parameter(p.name, kind=KINDS[p.kind], default=None if p.default is p.empty else repr(p.default))
            for p in parameters
        )
    )
    source = inspect.getsource(op).rstrip().replace("\n", "\n    ")
    rule = f'??? quote "The operation and its rule"\n\n    ```python\n    {source}\n    ```'
    text = f"{markdown(inspect.getdoc(op) or '')}\n\n{rule}\n"
    return griffe.Function(name, parameters=taken, docstring=griffe.Docstring(text, parser="google"))


def markdown(text: str) -> str:
    """Return a docstring as Markdown.

    >>> print(markdown("A sum.\\n\\nh = a * b     # so\\nc = h * h\\n\\nShapes: a (T, *b).\\n\\n>>> 1 + 1\\n2"))
    A sum.
    <BLANKLINE>
    ```text
    h = a * b     # so
    c = h * h
    ```
    <BLANKLINE>
    **Shapes:** a (T, \\*b).
    <BLANKLINE>
    ```pycon
    >>> 1 + 1
    2
    ```
    """
    return "\n\n".join(blocks(inspect.cleandoc(text)))


def blocks(text: str) -> Iterator[str]:
    """Find a docstring's blocks, each as Markdown; what is fenced or a section of arguments stays as it is."""
    for fenced in re.split(r"(^```.*?^```$)", text, flags=re.DOTALL | re.MULTILINE):
        if fenced.startswith("```"):
            yield fenced
            continue
        for paragraph in filter(str.strip, re.split(r"\n[ \t]*\n", fenced.strip("\n"))):
            yield block(paragraph)


def block(paragraph: str) -> str:
    first, _, rest = paragraph.partition("\n")
    if SECTION.match(first) or paragraph.startswith(("    ", "- ", "|")):
        return paragraph
    if first.startswith(">>>"):
        return f"```pycon\n{paragraph}\n```"
    if EQUATION.match(first):
        equations, prose = [first], rest.splitlines()
        while prose and ("=" in prose[0] or prose[0].startswith(" ")) and not LABEL.match(prose[0]):
            equations.append(prose.pop(0))
        said = "\n\n" + block("\n".join(prose)) if prose else ""
        return "```text\n" + "\n".join(equations) + "\n```" + said
    parts = LABEL.sub(r"\n**\g<1>:** ", paragraph).strip("\n")
    # Outside of code a star is a product, and not the beginning of italics.
    return re.sub(r"`[^`]*`|\*\*[A-Z][^*]*:\*\*|\*", lambda m: r"\*" if m[0] == "*" else m[0], parts)
