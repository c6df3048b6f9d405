import torch
from agent import Agent


def replay(n):
    return {"obs": torch.randn(n, 3), "act": torch.rand(n, 2), "ret": torch.randn(n, 1)}


if __name__ == "__main__":
    agent = Agent(3, 2)
    for _ in range(2):
        agent.learn(replay(6))
