import torch
import torch.nn as nn


class Learner:
    """`update("critic", loss)` does the usual three lines."""

    def __init__(self):
        self.encoder = nn.Sequential(nn.Linear(4, 10), nn.ReLU())
        self.critic = nn.Linear(10, 1)
        self.actor = nn.Linear(10, 2)
        self.optimizers = {
            "critic": torch.optim.Adam([*self.encoder.parameters(), *self.critic.parameters()], lr=1e-3),
            "actor": torch.optim.Adam(self.actor.parameters(), lr=1e-3),
        }

    def update(self, name, loss):
        optimizer = self.optimizers[name]
        optimizer.zero_grad()
        loss.backward()  # expect: MHL101
        optimizer.step()

    def learn(self, batch):
        features = self.encoder(batch["obs"])
        critic_loss = (self.critic(features) - batch["returns"]).pow(2).mean()
        self.update("critic", critic_loss)

        log_pi = self.actor(features).log_softmax(-1)
        actor_loss = -(log_pi * batch["advantage"]).mean()
        self.update("actor", actor_loss)
        return {"critic": critic_loss.item(), "actor": actor_loss.item()}


if __name__ == "__main__":
    learner = Learner()
    for _ in range(2):
        batch = {"obs": torch.randn(6, 4), "returns": torch.randn(6, 1), "advantage": torch.randn(6, 2)}
        print(learner.learn(batch))
