"""Pictures and pages. What is drawn is handed in: records, arrays, texts."""

from .alignment import alignment
from .chart import Line, chart
from .fade import fade
from .graph import Graph, graph
from .grid import Column, Prediction, grid
from .histogram import histogram
from .page import Page, Panels, Window, page
from .report import Report, Sample
from .sentiment import Reviewed, SentimentReport
from .svg import Picture
from .unroll import unroll

__all__ = [
    "Column",
    "Graph",
    "Line",
    "Page",
    "Panels",
    "Picture",
    "Prediction",
    "Report",
    "Reviewed",
    "Sample",
    "SentimentReport",
    "Window",
    "alignment",
    "chart",
    "fade",
    "graph",
    "grid",
    "histogram",
    "page",
    "unroll",
]
