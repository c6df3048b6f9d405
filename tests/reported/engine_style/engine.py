class Engine:
    """Runs one update per loss."""

    def __init__(self, optimizer):
        self.optimizer = optimizer

    def update(self, loss, retain=False):
        self.optimizer.zero_grad()
        loss.backward(retain_graph=retain)  # expect: MHL103
        self.optimizer.step()
        return loss.item()
