import torch
from agent import Agent

agent = Agent()
for episode in range(3):
    agent.learn(torch.randn(1, 4), torch.randn(1, 2))
    print(episode, agent.memory.norm().item())
