class Base:
    def __init__(self):
        self.build()

    def learn(self, episodes):
        for _ in range(episodes):
            self.improve(*self.collect())
