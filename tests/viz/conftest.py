"""Reading pictures and pages back."""

from __future__ import annotations

from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

SVG = "{http://www.w3.org/2000/svg}"


class Page(HTMLParser):
    """The tags of a page in order, their attributes, and the text between them."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.texts = [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data):
        self.texts.append(data)


class Drawing:
    """The elements of an SVG picture in order, without their namespace. Raises where it is not well-formed."""

    def __init__(self, svg):
        self.root = ET.fromstring(svg)  # noqa: S314  our own
        self.elements = list(self.root.iter())
        self.tags = [element.tag.removeprefix(SVG) for element in self.elements]

    def all(self, tag):
        return [element for element in self.elements if element.tag == SVG + tag]

    def texts(self):
        return [element.text for element in self.all("text")]


@pytest.fixture(scope="session")
def read_page():
    return Page


@pytest.fixture(scope="session")
def read_svg():
    return Drawing
