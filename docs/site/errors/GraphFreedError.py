import tinygrad_seq as tg

rnn, state = tg.nn.RNN(4, 8), None
for chunk in tg.randn(6, 1, 4), tg.randn(6, 1, 4):
    output, state = rnn(chunk, state)  # the second chunk's graph goes on where the first one's ends
    (output**2).sum().backward()
