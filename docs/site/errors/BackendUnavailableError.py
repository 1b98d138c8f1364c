import sys

import tinygrad_seq as tg

sys.modules["cupy"] = None  # a machine without CuPy
tg.tensor([1.0, 2.0]).to("cupy")
