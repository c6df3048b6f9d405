import torch
from networks import Actor, Critic


class Agent:
    def __init__(self, n_obs, n_act):
        self.actor, self.critic = Actor(n_obs, n_act), Critic(n_obs, n_act)
        self.actor_optimizer = torch.optim.Adam(self.actor.parameters(), lr=1e-3)
        self.critic_optimizer = torch.optim.Adam(self.critic.parameters(), lr=1e-3)

    def losses(self, batch):
        actor_loss = -self.critic(batch["obs"], self.actor(batch["obs"])).mean()
        critic_loss = (self.critic(batch["obs"], batch["act"]) - batch["ret"]).pow(2).mean()
        return actor_loss, critic_loss

    def learn(self, batch):
        actor_loss, critic_loss = self.losses(batch)
        self.critic_optimizer.zero_grad()
        critic_loss.backward()
        self.critic_optimizer.step()
        self.actor_optimizer.zero_grad()
        actor_loss.backward()  # expect: MHL103
        self.actor_optimizer.step()
