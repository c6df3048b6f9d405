import torch
from torch import nn


class Tagger(nn.Module):
    def __init__(self, layers=1):
        super().__init__()
        self.rnn = nn.LSTM(4, 6, num_layers=layers, batch_first=True)
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        return self.head(self.rnn(x)[0])


def free_only(model, wanted):
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name == wanted
    return model


words = torch.randn(3, 5, 4)
free_only(Tagger(), "rnn.weight_ih_l0")(words).mean().backward()
free_only(Tagger(2), "rnn.weight_hh_l1")(words).mean().backward()
free_only(Tagger(), "rnn.weight_hh_l1")(words).mean().backward()  # expect: MHL104
