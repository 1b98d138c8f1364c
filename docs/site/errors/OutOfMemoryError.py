from tinygrad_seq.train import memory
from tinygrad_seq.train.room import may_take
from tinygrad_seq.train.settings import Settings

settings = Settings(hidden_size=20_000)
with may_take(4):  # on a machine with 4 GB
    memory.check(memory.of_training(settings, 100, 10**6))
