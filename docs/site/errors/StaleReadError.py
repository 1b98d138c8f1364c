import tinygrad_seq as tg

w = tg.tensor([1.0, 2.0], requires_grad=True)
loss = (w**2).sum()
loss.backward(retain_graph=True)
tg.optim.SGD([w], lr=0.1).step()  # writes into w, which the graph of the loss read
loss.backward()
