import os
import sys

import tinygrad_seq as tg

os.environ["PATH"], sys.modules["pygraphviz"] = "", None  # a machine without Graphviz
tg.viz.graph(tg.ones(2, requires_grad=True) * 3).save("graph.pdf")
