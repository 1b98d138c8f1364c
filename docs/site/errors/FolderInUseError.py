from tinygrad_seq.train.lock import held

with held("runs/mine"), held("runs/mine"):  # as two trainings at once do
    pass
