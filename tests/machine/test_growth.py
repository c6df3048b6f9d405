"""What is not known must not grow without bound while a program goes on."""

from __future__ import annotations

import time

from mhlint.analyse import Request, analyse
from mhlint.source import Source

DEEP = 22


def test_gradients_of_what_is_not_known_do_not_double() -> None:
    """Each `grad` gives one result for each tensor that its unknown input may be made of."""
    turn = "    state = update(state, torch.autograd.grad(measure(state), state))\n"
    text = (
        "import torch\nfrom unseen import measure, update\n\n\ndef adapt(w):\n"
        "    state = update(torch.tanh(torch.ones(3, requires_grad=True)))\n" + turn * DEEP
    )
    start = time.process_time()
    analyse(Source("adapt.py", text), Request(codes=frozenset({"MHL101"})))
    assert time.process_time() - start < 5


def test_stores_under_unknown_names_do_not_double() -> None:
    """Each may have replaced any attribute: what each may hold then are the same few tensors."""
    turn = "        setattr(self, names.pop(), getattr(self, names.pop()))\n"
    text = (
        "import torch\nfrom unseen import names\n\n\nclass Model:\n    def step(self, x, y):\n"
        "        self.a, self.b = torch.tanh(x), torch.tanh(y)\n" + turn * DEEP + "        self.a.backward()\n"
    )
    start = time.process_time()
    analyse(Source("model.py", text), Request(codes=frozenset({"MHL101"})))
    assert time.process_time() - start < 5
