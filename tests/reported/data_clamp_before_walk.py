import torch
import torch.nn as nn

critic = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
actor = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3))
opt_critic = torch.optim.SGD(critic.parameters(), lr=0.01)
opt_actor = torch.optim.SGD(actor.parameters(), lr=0.01)


def clip_weights(net, c):
    for p in net.parameters():
        p.data.clamp_(-c, c)


for iteration in range(2):
    s = torch.randn(5, 2)
    critic_loss = (critic(torch.randn(5, 3)) - 1.0).pow(2).mean()
    opt_critic.zero_grad()
    critic_loss.backward()
    opt_critic.step()

    actor_loss = -critic(actor(s)).mean()
    # the critic is kept Lipschitz, but its old weights are part of actor_loss
    clip_weights(critic, 0.01)
    opt_actor.zero_grad()
    actor_loss.backward()  # expect: MHL306
    opt_actor.step()
    print(iteration, actor_loss.item())
