import tinygrad_seq as tg

ids = tg.tensor([3, 1, 2])  # whole numbers: nothing lies between 1 and 2
ids.requires_grad_()
