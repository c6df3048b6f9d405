import enum
import torch
class Named(str, enum.Enum):
    def _generate_next_value_(name, start, count, last):
        return name.lower()
class Mode(Named):
    TWICE = enum.auto()
    ONCE = enum.auto()
class Bits(enum.IntFlag):
    @staticmethod
    def _generate_next_value_(name, start, count, last):
        return 8 << count
    FIRST = enum.auto()
    SECOND = enum.auto()
class Number(enum.IntEnum):
    def _generate_next_value_(name, start, count, last):
        return last[-1] * 3 if last else 5
    LOW = enum.auto()
    HIGH = enum.auto()
loss = torch.ones(3, requires_grad=True).exp().sum()
loss.backward()
if Mode.TWICE == "1" or Mode("once") is not Mode.ONCE:
    loss.backward()
if Bits.FIRST == 1 or Bits.FIRST & 1:
    loss.backward()
if Number.LOW == 1 or Number.HIGH == 2:
    loss.backward()
if Number.HIGH == 15:
    loss.backward()  # expect: MHL101
