import tinygrad_seq as tg

x = tg.tensor([1.0, 0.0, -1.0], requires_grad=True)
with tg.detect_anomaly():
    tg.log(x).sum().backward()
