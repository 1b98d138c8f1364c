"""Pictures and pages. What is drawn is handed in: records, arrays, texts."""

from .chart import Line, chart
from .grid import Column, Prediction, grid
from .report import Report, Sample
from .svg import Picture
from .unroll import unroll

__all__ = ["Column", "Line", "Picture", "Prediction", "Report", "Sample", "chart", "grid", "unroll"]
