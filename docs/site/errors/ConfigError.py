from tinygrad_seq import nn

nn.LSTM(8, 16, num_layers=1, dropout=0.5)  # dropout between layers, and there is one layer
