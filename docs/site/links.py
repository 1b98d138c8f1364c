"""Links between Markdown files of the repository, which on the site lead from page to page."""

from __future__ import annotations

import re
from collections.abc import Collection
from posixpath import dirname, join, normpath, relpath

LINK = re.compile(r"(?<!!)\[(?P<text>[^\[\]]+)\]\((?P<target>[^)\s#:]+)(?P<part>#[^)\s]*)?\)")


def resettled(text: str, source: str, page: str, places: dict[str, str], is_there: Collection[str]) -> str:
    """Return the text of a file of the repository as that of a page; what is no page stays as words.

    `places` says for a file of the repository where it is on the site; `is_there` are the site's own files.

    >>> resettled("[a](../b.md#c) [d](e.py)", "docs/x.md", "x.md", {"b.md": "project/b.md"}, [])
    '[a](project/b.md#c) d'
    """

    def link(found: re.Match[str]) -> str:
        target, part = found["target"], found["part"] or ""
        file = normpath(join(dirname(source), target))
        if file in places:
            return f"[{found['text']}]({relpath(places[file], dirname(page) or '.')}{part})"
        return found[0] if normpath(join(dirname(page), target)) in is_there else found["text"]

    return LINK.sub(link, text)
