"""The engine: variables and nodes, operations and how they are applied, the backward walk; no op and no Tensor."""

from .checkpoint import checkpoint
from .fused import FusedOp
from .op import Op
from .variable import Leaf, Node, Variable
from .walk import Part, backward, grad

__all__ = ["FusedOp", "Leaf", "Node", "Op", "Part", "Variable", "backward", "checkpoint", "grad"]
