import torch
from torch import nn
class KeepLSTM(nn.LSTM):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.state = None
    def forward(self, x):
        out, self.state = super().forward(x, self.state)
        return out
rnn = KeepLSTM(3, 5, batch_first=True)
opt = torch.optim.SGD(rnn.parameters(), lr=.1)
for i in range(2):
    loss = rnn(torch.randn(2, 4, 3)).mean()
    opt.zero_grad()
    loss.backward()  # expect: MHL102
    opt.step()
