import torch
from torch import nn
import lightning.pytorch as pl


class TopicModel(pl.LightningModule):
    def __init__(self, vocab=9, topics=3):
        super().__init__()
        self.topic_emb = nn.Parameter(torch.randn(topics, 5))
        self.word_emb = nn.Parameter(torch.randn(vocab, 5))
        self.beta = torch.softmax(self.topic_emb @ self.word_emb.t(), dim=-1)
        self.enc = nn.Linear(vocab, topics)

    def training_step(self, batch, batch_idx):
        bow = batch[0]
        theta = torch.softmax(self.enc(bow), dim=-1)
        loss = -(bow * (theta @ self.beta + 1e-6).log()).sum(1).mean()
        self.log("nll", loss)
        return loss

    def configure_optimizers(self):
        return {"optimizer": torch.optim.Adam(self.parameters(), lr=1e-2)}


def main():
    ds = torch.utils.data.TensorDataset(torch.rand(8, 9))
    model = TopicModel()
    pl_trainer = pl.Trainer(max_epochs=2, accelerator="cpu")
    pl_trainer.fit(model, torch.utils.data.DataLoader(ds, batch_size=4))  # expect: MHL101


main()
