import enum
import torch
import torch.nn as nn
class Phase(str, enum.Enum):
    WARM = "warm"
    MAIN = "main"
class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2
class Alias(enum.Enum):
    A = 1
    B = 1
class Meth(enum.Enum):
    SUM = "sum"
    EACH = "each"
    def walks(self):
        return self is Meth.EACH
    @property
    def once(self):
        return not self.walks()
    @classmethod
    def default(cls):
        return cls.SUM
    @staticmethod
    def parse(text):
        return Meth[text.upper()]
net = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
out = net(torch.randn(3, 2))
m = Meth.default()
if Phase.WARM == "main" or Level.HIGH < Level.LOW or Alias.A is not Alias.B or m.walks() or not m.once or Meth.parse("sum") != m:
    out.mean().backward()
if isinstance(m, Phase) or m in {Meth.EACH} or Phase("main") is Phase.WARM or Level(2) == 1 or len(Meth) == 3:
    out.mean().backward()
table = {Meth.SUM: False, Meth.EACH: True}
if not table[m] or m.value == "each" or m.name != "SUM" or f"{m.value}" == "each":
    out.mean().backward()
out.sum().backward()  # expect: MHL101
