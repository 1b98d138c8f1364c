"""`python -m tinygrad_seq` is the command `tinygrad-seq`."""

from __future__ import annotations

from tinygrad_seq_command import main

if __name__ == "__main__":
    main()
