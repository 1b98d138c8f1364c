"""The site's pages in Chromium, served as they would be: no complaint in the console, nothing asked from elsewhere.

The site must have been built: `make site`. Every page is opened; what is wider than a telephone scrolls by itself.
"""

from __future__ import annotations

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SITE = Path(__file__).resolve().parents[2] / "site"
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
OWN = [page for page in PAGES if not (page.startswith("tutorials/") and page.count("/") == 2)]
"""The site's pages; those that a tutorial has drawn are in its folder, and have tests of their own."""

pytestmark = pytest.mark.skipif(not PAGES, reason="the site is not built: make site")


class Quiet(SimpleHTTPRequestHandler):
    """Files, without a line on the terminal for each."""

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=SITE))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def telephone(chromium):
    """The browser, as wide as a telephone."""
    size = chromium.driver.get_window_size()
    chromium.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 420, "height": 900, "deviceScaleFactor": 1, "mobile": True}
    )
    yield chromium
    chromium.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    chromium.driver.set_window_size(size["width"], size["height"])


def test_there_are_pages_of_every_kind():
    kinds = {page.partition("/")[0] for page in OWN}
    assert {"index.html", "tutorials", "reference", "adr", "equations.html", "errors.html", "pytorch.html"} <= kinds
    assert sum(page.startswith("tutorials/") for page in OWN) == 17


@pytest.mark.parametrize("page", PAGES)
def test_a_page_complains_of_nothing_asks_nobody_else_and_fits_a_telephone(telephone, address, page):
    telephone.visit(address + page)
    assert telephone.complaints() == []
    assert [url for url in telephone.requests(by=address) if not url.startswith((address, "data:", "blob:"))] == []
    if page in OWN:  # what is wider scrolls by itself
        assert telephone.run("return document.documentElement.scrollWidth") <= 420


def test_equations_are_drawn_and_pictures_are_there(chromium, address):
    chromium.visit(address + "tutorials/04_backprop_through_time.html")
    assert len(chromium.all("math")) >= 5
    assert "$" not in chromium.run("return document.querySelector('article h2 + p').textContent")
    assert chromium.run("return [...document.images].every(image => image.naturalWidth > 100)")
    assert "state = state.detach()" in chromium.text(".output")


SEARCH = """
const field = document.querySelector('.md-search__input');
field.focus();
field.value = 'clip_grad_norm_';
for (const name of ['input', 'keyup']) field.dispatchEvent(new Event(name, {bubbles: true}));
"""
FOUND = "return [...document.querySelectorAll('.md-search-result__link')].some(a => a.href.includes('clip_grad_norm_'))"


def test_search_finds_a_name(chromium, address):
    chromium.visit(address + "index.html")
    chromium.run(SEARCH)
    assert chromium.wait_for(FOUND)
