"""What MkDocs calls while it builds the site: pages that are generated, links between files, equations."""

from __future__ import annotations

import sys
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "backends")]

from docs.site import equations, error_page, links, mathml, reference, torch_page, tutorials  # noqa: E402

COPIED = {
    "benchmarks/README.md": "benchmarks.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "tutorials/README.md": "tutorials/index.md",
}
"""Files that stand elsewhere in the repository, and the pages they are."""

PLACES = COPIED | {f"tutorials/{path.stem}.py": f"tutorials/{path.stem}.md" for path in tutorials.tutorials()}
SOURCES = {page: source for source, page in COPIED.items()}


def on_config(config):
    """Fill the parts of the navigation that are folders."""
    folders = {
        "tutorials/": ["tutorials/index.md", *tutorials.pages()],
        "reference/": list(reference.pages()),
        "adr/": ["adr/README.md", *(f"adr/{path.name}" for path in sorted(ROOT.glob("docs/adr/[0-9]*.md")))],
    }
    config.nav = filled(config.nav, folders)
    return config


def filled(nav, folders):
    if isinstance(nav, list):
        return [filled(entry, folders) for entry in nav]
    if isinstance(nav, dict):
        return {title: filled(entry, folders) for title, entry in nav.items()}
    return folders.get(nav, nav)


def on_files(files, config):
    """Add what is generated, and what stands elsewhere in the repository."""
    written = tutorials.pages() | reference.pages()
    written |= {"errors.md": error_page.page(), "equations.md": equations.page(), "pytorch.md": torch_page.page()}
    written |= {page: (ROOT / source).read_text("utf-8") for source, page in COPIED.items()}
    for uri, text in written.items():
        files.append(File.generated(config, uri, content=text))
    for uri, path in tutorials.files().items():
        files.append(File.generated(config, uri, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Let links between files of the repository lead from page to page."""
    uri = page.file.src_uri
    places = PLACES | {f"docs/{file.src_uri}": file.src_uri for file in files}
    return links.resettled(markdown, SOURCES.get(uri, f"docs/{uri}"), uri, places, [file.src_uri for file in files])


def on_page_content(html, page, config, files):
    """Draw the equations."""
    return mathml.with_mathml(html)
