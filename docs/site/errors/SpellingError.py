import tinygrad_seq as tg

a, b = tg.zeros((2, 3)), tg.ones((2, 3))
tg.cat([a, b], dim=0)
