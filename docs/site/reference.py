"""The reference: a page for each part of the package, and on it every public name, each once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from inspect import isclass, isfunction, ismodule
from operator import attrgetter
from typing import Any, NamedTuple

PACKAGE = "tinygrad_seq"

PAGES = {
    "core": ("Tensors and gradients", ["", "autograd", "scope"]),
    "ops": ("Operations", ["ops"]),
    "functional": ("Losses and layers as functions", ["functional"]),
    "nn": ("Layers and recurrent modules", ["nn", "nn.init"]),
    "optim": ("Optimizers", ["optim", "optim.lr_scheduler"]),
    "data": ("Data", ["data"]),
    "models": ("Models", ["models"]),
    "train": ("Training and checkpoints", ["train", "train.settings", "checkpoint"]),
    "record": ("Records", ["record"]),
    "viz": ("Pictures and pages", ["viz"]),
    "analysis": (
        "Looking inside",
        ["analysis", "analysis.cells", "analysis.labels", "analysis.sentiment", "analysis.race"],
    ),
    "backend": ("Backends", ["backend"]),
    "errors": ("Errors", ["errors"]),
    "exercises": ("Exercises", ["exercises"]),
}
"""Page: its title, and the modules whose names stand on it."""

MODULES = [module for _, modules in PAGES.values() for module in modules]


class Name(NamedTuple):
    """A public name: the module that offers it, how else it can be spelt, and under what path its source is found."""

    module: str
    path: str
    others: tuple[str, ...] = ()


def pages() -> dict[str, str]:
    """Return the pages by their place in the site."""
    found = {f"reference/{page}.md": written(page) for page in PAGES}
    rows = [f"| [{title}]({page}.md) | {', '.join(map(shown, modules))} |" for page, (title, modules) in PAGES.items()]
    index = "# Reference\n\nEvery public name, from the docstrings of the program.\n\n| | |\n|---|---|\n"
    return {"reference/index.md": index + "\n".join(rows) + "\n"} | found


def written(page: str) -> str:
    title, modules = PAGES[page]
    parts = [f"# {title}"]
    for module in modules:
        if len(modules) > 1:
            parts.append(f"## {shown(module)} {{ .module }}")
        names = [name for name in listing() if name.module == module]
        in_tg = all(f"tg.{short(name)}" in name.others for name in names)
        parts.append((import_module(full(module)).__doc__ or "").partition("\n\n")[0])
        parts += [f"Each is in `tg` too: `tg.{short(names[0])}`, ..."] if in_tg else []
        parts += [block(name, 3 if len(modules) > 1 else 2, [] if in_tg else name.others) for name in names]
    return "\n\n".join(parts) + "\n"


def block(name: Name, level: int, others: Sequence[str]) -> str:
    """Return what asks mkdocstrings for one name."""
    options = (
        f"    options:\n      heading_level: {level}\n      heading: {short(name)}\n      toc_label: {short(name)}"
    )
    also = f"\n\nAlso `{'`, `'.join(others)}`." if others else ""
    return f"::: {name.path}\n{options}{also}"


def short(name: Name) -> str:
    return name.path.rpartition(".")[2]


def listing() -> list[Name]:
    """Return every public name once: under the most particular module that offers it."""
    names: dict[Any, Name] = {}
    for module in sorted(MODULES, key=lambda module: module == ""):
        for name, value in public(module):
            key = id(value) if isclass(value) or callable(value) else (module, name)
            if key in names:
                names[key] = names[key]._replace(others=(*names[key].others, *spelt(module, name, value)))
            else:
                names[key] = Name(module, place(module, name, value))
    return sorted(names.values(), key=lambda name: MODULES.index(name.module))


def public(module: str) -> Iterator[tuple[str, Any]]:
    """Find what a module offers: `__all__`, or what it defines; parts of the package have pages of their own."""
    found = import_module(full(module))
    own = [n for n, v in vars(found).items() if n[0] != "_" and getattr(v, "__module__", None) == found.__name__]
    for name in getattr(found, "__all__", own):
        value = getattr(found, name)
        if not ismodule(value):
            yield name, value


def place(module: str, name: str, value: Any) -> str:
    """Return where a name is defined; a function may have its module's name, so that the public path is ambiguous."""
    if (isclass(value) or isfunction(value)) and "." not in value.__qualname__ and value.__module__.startswith(PACKAGE):
        return f"{value.__module__}.{value.__qualname__}"
    return f"{full(module)}.{name}"


def full(module: str) -> str:
    return f"{PACKAGE}.{module}".rstrip(".")


def shown(module: str) -> str:
    return f"`{full(module)}`"


def spelt(module: str, name: str, value: Any) -> Iterator[str]:
    """Find how a value is written after `import tinygrad_seq as tg`: a function may hide the module of its name."""
    path = ".".join(filter(None, (module, name)))
    try:
        found = attrgetter(path)(import_module(PACKAGE))
    except AttributeError:
        return
    if found is value:
        yield f"tg.{path}"
