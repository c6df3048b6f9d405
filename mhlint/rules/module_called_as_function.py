"""A layer class is given a tensor where it expects its settings.

## What it does

Reports `nn.ReLU(x)`, `nn.Flatten(x)`, `nn.Softmax(x)` and the like on a tensor, in code that a training step runs.

## Why is this bad?

It builds a layer and does not run it. Some layers raise at once, most raise later, at the first use of what was
meant to be a tensor.

## Example

```python
import torch
from torch import nn

x = nn.Linear(4, 2)(torch.randn(3, 4))
y = nn.ReLU(x)  # a layer, not a tensor
x.sum().backward()
```

## Use instead

```python
import torch
from torch import nn

x = nn.Linear(4, 2)(torch.randn(3, 4))
y = nn.functional.relu(x)
y.sum().backward()
```

or make the layer once, in `__init__`, and call that.

## Fix safety

Unsafe: the settings of the function that is meant are guessed.

## Facts

- `nn.Tanh(x)` and `nn.Sigmoid(x)` raise at once; so do loss classes given two tensors. `nn.ReLU(x)`, `nn.Flatten(x)`,
  `nn.Softmax(x)`, `nn.GELU(x)` do not.

## References

- [torch.nn.functional](https://pytorch.org/docs/stable/nn.functional.html)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Event, Misuse, Runs, Trace
from mhlint.findings import Finding
from mhlint.rules.gathering import by_place, confidence, sightings, when
from mhlint.rules.rule import Rule
from mhlint.rules.wording import code

_FUNCTIONS = {
    "ReLU": "F.relu(x)", "GELU": "F.gelu(x)", "SiLU": "F.silu(x)", "LeakyReLU": "F.leaky_relu(x)", "ELU": "F.elu(x)",
    "Tanh": "torch.tanh(x)", "Sigmoid": "torch.sigmoid(x)", "Softmax": "torch.softmax(x, dim=-1)",
    "LogSoftmax": "torch.log_softmax(x, dim=-1)", "Softplus": "F.softplus(x)", "Flatten": "torch.flatten(x, 1)",
    "Dropout": "F.dropout(x, p, self.training)", "MSELoss": "F.mse_loss(x, y)", "L1Loss": "F.l1_loss(x, y)",
    "CrossEntropyLoss": "F.cross_entropy(x, y)", "BCELoss": "F.binary_cross_entropy(x, y)",
    "BCEWithLogitsLoss": "F.binary_cross_entropy_with_logits(x, y)", "NLLLoss": "F.nll_loss(x, y)",
}  # fmt: skip


def _select(trace: Trace) -> Iterator[tuple[Event, Level]]:
    for event in trace.of(Misuse):
        if event.kind == "module-called-as-function":
            yield event, event.level


def find(runs: Runs) -> Iterable[Finding]:
    """Layer classes whose settings are a tensor."""
    for place, group in by_place(sightings(runs, _select)).items():
        event = group[0].event
        assert isinstance(event, Misuse)
        message = f"{code(event.site)} builds a layer and takes the tensor for one of its settings; it computes nothing"
        function = _FUNCTIONS.get(event.name)
        call = f"`nn.{event.name}(...)(x)`"
        advice = f"write `{function}` or {call}" if function else f"write {call}"
        yield Finding(RULE.code, RULE.name, message, place, confidence(group), advice, when(group))


RULE = Rule(
    code="MHL401",
    name="module-called-as-function",
    summary="A layer class is given a tensor where it expects its settings.",
    triggers=(b"nn.",),
    pattern=rb"\bnn\.(?:%s)\(\s*(?:self\.\w+\(|[a-z_]\w{0,12}\s*[,)])" % "|".join(_FUNCTIONS).encode(),
    find=find,
    fix="unsafe",
)
