# these operations keep operands for each other: where only what is added to requires grad, nothing is kept
import torch

bias = torch.randn(3, 3, requires_grad=True)
rows, weights, place = torch.randn(3, 3), torch.randn(3, 3), torch.zeros(3, 3, dtype=torch.long)

for sums in (
    torch.addmm(bias, rows, weights),
    torch.addcmul(bias, rows, weights),
    torch.addmv(bias[0], rows, weights[0]),
    torch.baddbmm(bias[None], rows[None], weights[None]),
    bias.scatter_add(0, place, rows),
    bias.index_add(0, torch.tensor([0]), rows[:1]),
    bias.fmod(rows),
):
    sums.sum().backward()
    sums.sum().backward()

sums = torch.addmm(bias, rows, weights.requires_grad_())
sums.sum().backward()
sums.sum().backward()  # expect: MHL101
