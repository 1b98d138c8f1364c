import tinygrad_seq as tg

tg.tensor([1.0, 2.0]).to("cuda")
