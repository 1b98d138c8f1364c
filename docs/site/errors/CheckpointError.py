from pathlib import Path

from tinygrad_seq import checkpoint

Path("model.pt").write_bytes(b"PK\x03\x04...")  # what torch.save writes: a zip of pickles
checkpoint.load("model.pt")
