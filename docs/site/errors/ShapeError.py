import tinygrad_seq as tg
from tinygrad_seq import nn

lstm = nn.LSTM(input_size=8, hidden_size=16)
x = tg.randn(5, 3, 9)  # (T, B, I): nine features, and the net was made for eight
lstm(x)
