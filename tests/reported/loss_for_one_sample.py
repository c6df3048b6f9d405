import torch
import torch.nn as nn


class Accel:
    def __init__(self, amp=False):
        self.scaler = torch.amp.GradScaler("cpu", enabled=amp)

    def backward(self, loss):
        self.scaler.scale(loss).backward()

    def step(self, optimizer):
        self.scaler.step(optimizer)

    def update(self):
        self.scaler.update()


class MelLoss(nn.Module):
    def __init__(self, weight=None):
        super().__init__()
        self.l1 = nn.L1Loss(reduction="none")

    def forward(self, est, ref):
        return self.l1(est, ref).mean(dim=(1, 2))


gen = nn.Conv1d(1, 1, 7, padding=3)
optimizer = torch.optim.AdamW(gen.parameters(), lr=1e-4)
accel, mel_loss = Accel(), MelLoss()
for i in range(2):
    signal = torch.randn(1, 1, 32)
    output = {"audio": gen(signal)}
    output["mel/loss"] = mel_loss(output["audio"], signal)
    lambdas = {"mel/loss": 15.0}
    output["loss"] = sum([v * output[k] for k, v in lambdas.items() if k in output])
    optimizer.zero_grad()
    accel.backward(output["loss"])
    accel.step(optimizer)
    accel.update()
