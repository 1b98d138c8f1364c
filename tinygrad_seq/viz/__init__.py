"""Pictures and pages. What is drawn is handed in: records, arrays, texts."""

from .chart import Line, chart
from .graph import Graph, graph
from .grid import Column, Prediction, grid
from .report import Report, Sample
from .svg import Picture
from .unroll import unroll

__all__ = ["Column", "Graph", "Line", "Picture", "Prediction", "Report", "Sample", "chart", "graph", "grid", "unroll"]
