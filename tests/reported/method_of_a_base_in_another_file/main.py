"""The base's loop calls what a subclass in another file does: the text of neither file shows that `learn` walks."""

from agents import Agent

agent = Agent()
agent.learn(2)
