import tinygrad_seq as tg

w = tg.tensor([1.0, 2.0], requires_grad=True)
losses = w * w  # two numbers: which one is to become smaller?
losses.backward()
