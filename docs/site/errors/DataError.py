import tinygrad_seq as tg

corpus = tg.data.Corpus.from_text("to be or not to be")
for x, y in corpus.batches(batch_size=32, seq_len=64):
    print(x.shape, y.shape)
