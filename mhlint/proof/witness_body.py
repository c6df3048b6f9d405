"""The lines of a witness: the operations, walks, changes and steps of an excerpt, in order, as PyTorch code."""

from __future__ import annotations

from dataclasses import dataclass, field

from mhlint.autograd.trace import Backward, Clip, Detach, Event, ReadGrad, Step, Write, ZeroGrad
from mhlint.autograd.values import MissingGradient, Optimizer, Sequence, Tensor, Value, is_none
from mhlint.proof.witness_excerpt import Excerpt
from mhlint.proof.witness_names import Labels, Stock
from mhlint.proof.witness_operations import Form
from mhlint.proof.witness_reading import Reading, Target, read
from mhlint.proof.witness_values import Values, needs_brackets


@dataclass
class Manner:
    """How an excerpt is written: with looks at the gradients; walks summed into the last; walks left out, or freeing
    what they retained, by index; boundaries left uncut, so that every walk goes on through the trunk by itself."""

    looks: bool = False
    summed: bool = False
    uncut: bool = False
    freeing: frozenset[int] = frozenset()
    left_out: frozenset[int] = frozenset()


@dataclass
class Body:
    """The lines of one version, and the names of the stock that they use, by key."""

    lines: list[str] = field(default_factory=list)
    used: dict[str, str] = field(default_factory=dict)


def write_body(excerpt: Excerpt, stock: Stock, labels: Labels, manner: Manner) -> Body:
    """Write the excerpt down; what it starts from goes into the stock."""
    stock.used, stock.local = {}, set()
    reading = read(excerpt)
    values = Values(reading, stock, labels)
    _Events(reading, values, manner).write()
    return Body(values.lines, stock.used)


class _Events:
    """Writes what happens to the values of one version: walks, cuts, steps, clears, clips and changes."""

    def __init__(self, reading: Reading, values: Values, manner: Manner) -> None:
        self.reading, self.values, self.manner = reading, values, manner
        self.optimizers: dict[object, str] = {}
        self.pending: list[tuple[str, Backward]] = []

    def write(self) -> None:
        """All of it, in order."""
        self.values.leaves()
        for index, event in enumerate(self.reading.excerpt.events):
            self.values.made_before(index)
            self._event(event)
        self.values.made_before(len(self.reading.excerpt.events))
        self._flush()

    def _event(self, event: Event) -> None:
        if isinstance(event, Backward):
            if event.index not in self.manner.left_out:
                self._walk(event)
        elif isinstance(event, Detach):
            self._cut(event)
        elif isinstance(event, Step):
            self._flush()
            self._step(event)
        elif isinstance(event, ZeroGrad):
            self._flush()
            self._clear(event)
        elif isinstance(event, Write):
            self._write(event)
        elif isinstance(event, Clip):
            self._clip(event)
        elif isinstance(event, ReadGrad) and self.manner.looks and event.tensor in self.values.forms:
            if event.tensor not in self.reading.cuts and event.tensor.node is None:
                self.values.lines.append(f"look()  # {self.values.comment(event.site)}")

    def _walk(self, event: Backward) -> None:
        texts = [self.values.value(root).text for root in self.reading.roots[event]]
        if not texts:
            return
        comment = self.values.comment(event.site)
        retain = event.retains is not False and event.index not in self.manner.freeing
        if event.failure is not None:
            retain = False
        if self.manner.uncut:
            if event.sends is not None:
                return
            retain = True
        implicit = event.gradient is None or is_none(event.gradient)
        if self.manner.summed and implicit and event.api != "autograd.grad":
            self.pending.append((" + ".join(texts), event))
            return
        if event.api != "autograd.grad" or not retain:
            self._flush()
        gradients = [] if event.gradient is None else self._gradients(event, texts)
        flags = ["retain_graph=True"] if retain and not event.creates_graph else []
        flags += ["create_graph=True"] if event.creates_graph else []
        if event.api == "autograd.grad":
            self._grad(event, texts, gradients, flags, comment)
            return
        targets = [self.values.forms[t].text for t in event.inputs or () if t in self.values.forms]
        flags += [f"inputs=[{', '.join(targets)}]"] if targets else []
        if len(texts) == 1 and not (event.api == "autograd.backward" and len(event.roots) > 1):
            given = [f"gradient={gradients[0]}"] if gradients else []
            owner = f"({texts[0]})" if needs_brackets(texts[0]) else texts[0]
            self.values.lines.append(f"{owner}.backward({', '.join(given + flags)})  # {comment}")
            return
        given = [f"[{', '.join(texts)}]", *([f"[{', '.join(gradients)}]"] if gradients else []), *flags]
        self.values.lines.append(f"torch.autograd.backward({', '.join(given)})  # {comment}")

    def _gradients(self, event: Backward, texts: list[str]) -> list[str]:
        given = event.gradient
        items: list[Value | None] = list(given.items) if isinstance(given, Sequence) else [given] * len(texts)
        return [self._gradient(item, text) for item, text in zip(items, texts, strict=False)]

    def _gradient(self, item: Value | None, text: str) -> str:
        source = item.grad_of if isinstance(item, Tensor) else None
        if isinstance(item, MissingGradient):
            source = item.tensor
        if source is not None:
            target: Target = source.node if source.node is not None else source
            if target in self.values.forms:
                return f"{self.values.forms[target].text}.grad"
        return "None" if is_none(item) else f"torch.ones_like({text})"

    def _grad(self, event: Backward, texts: list[str], gradients: list[str], flags: list[str], comment: str) -> None:
        found: list[str] = []
        for tensor in event.inputs or tuple(event.walk.leaves):
            target: Target = tensor.node if tensor.node is not None else tensor
            if target in self.values.forms and (tensor.node is not None or tensor in event.walk.leaves):
                found.append(self.values.forms[target].text)
        if not found:
            return
        outputs = f"[{', '.join(texts)}]" if len(texts) > 1 else texts[0]
        given = [f"grad_outputs=[{', '.join(gradients)}]"] if gradients else []
        parts = [outputs, f"[{', '.join(dict.fromkeys(found))}]", *given, *flags, "allow_unused=True"]
        self.values.lines.append(f"torch.autograd.grad({', '.join(parts)})  # {comment}")

    def _flush(self) -> None:
        """Make the walks that wait, as one walk of their sum."""
        if self.pending:
            rows = ", ".join(str(event.site.row) for _, event in self.pending)
            total = " + ".join(text for text, _ in self.pending)
            self.values.lines.append(f"({total}).backward()  # the walks of line {rows} as one")
            self.pending = []

    def _cut(self, event: Detach) -> None:
        node = event.tensor.node
        target: Target = node if node is not None and node in self.values.forms else event.tensor
        if target not in self.values.forms:
            if event.result.requires_grad:
                self.values.leaf(event.result)
            return
        self.values.keys[event.result] = self.values.keys[target]
        if self.manner.uncut and event.result.requires_grad:
            self.values.forms[event.result] = self.values.forms[target]
            return
        name = self.values.free(self.values.labels.of_maker(event.site) or "d")
        flag = ".requires_grad_()" if event.result.requires_grad else ""
        text, comment = self.values.forms[target].text, self.values.comment(event.site)
        self.values.lines.append(f"{name} = {text}.detach(){flag}  # {comment}")
        self.values.forms[event.result] = Form(name, self.values.forms[target].scalar)

    def _parameters(self, tensors: list[Tensor]) -> list[str]:
        found: list[str] = []
        for tensor in tensors:
            if tensor in self.values.modules:
                found.append(f"*{self.values.modules[tensor][0]}.parameters()")
            elif tensor in self.values.forms and tensor.node is None and tensor not in self.reading.cuts:
                found.append(self.values.forms[tensor].text)
        return list(dict.fromkeys(found))

    def _step(self, event: Step) -> None:
        held = list(event.optimizer.parameters) if event.optimizer is not None else []
        found = self._parameters([*held, *event.changed])
        if not found:
            return
        if self.manner.looks:
            self.values.lines.append("look()")
        key: object = event.optimizer if event.optimizer is not None else "optimizer"
        if key not in self.optimizers:
            self.optimizers[key] = name = self.values.free("optimizer")
            fused = ", fused=True" if isinstance(key, Optimizer) and key.fused else ""
            self.values.lines.append(f"{name} = torch.optim.SGD([{', '.join(found)}], lr=0.1{fused})")
        self.values.lines.append(f"{self.optimizers[key]}.step()  # {self.values.comment(event.site)}")

    def _clear(self, event: ZeroGrad) -> None:
        found = [t for t in event.tensors if t in self.values.forms]
        names = [part.removeprefix("*").removesuffix(".parameters()") for part in self._parameters(list(found))]
        cuts = [self.values.forms[t].text for t in found if t in self.reading.cuts]
        modules = {name for name, _, _ in self.values.modules.values()}
        if not names and not cuts:
            return
        if self.manner.looks:
            self.values.lines.append("look()")
        comment = self.values.comment(event.site)
        for name in names:
            self.values.lines.append(f"{name}.zero_grad()" if name in modules else f"{name}.grad = None")
            self.values.lines[-1] += f"  # {comment}"
        self.values.lines += [f"{name}.grad = None  # {comment}" for name in cuts]

    def _clip(self, event: Clip) -> None:
        found = self._parameters([t for t in event.tensors if t in self.values.forms])
        if found:
            self._flush()
            comment = self.values.comment(event.site)
            self.values.lines.append(f"torch.nn.utils.clip_grad_norm_([{', '.join(found)}], 0.01)  # {comment}")

    def _write(self, event: Write) -> None:
        storage = event.tensor.storage
        owners = self.reading.owners.get(storage, [])
        if any(node in self.reading.in_place and node.site.place == event.site.place for node in owners):
            return  # The node that the change leaves writes it.
        owners = [node for node in owners if node in self.values.forms]
        if owners:
            text = self.values.forms[owners[-1]].text
        elif event.tensor in self.values.forms:
            text = self.values.forms[event.tensor].text
        elif self.reading.leaf_of.get(storage) in self.values.forms:
            # Another name for a parameter's memory, as what `state_dict()` gives.
            text = self.values.forms[self.reading.leaf_of[storage]].text
        elif any(saved.storage is storage for node in self.reading.excerpt.nodes for saved in node.saved):
            text = self.values.stored(storage, event.tensor)
        else:
            return
        comment = self.values.comment(event.site)
        if event.change.seen:
            self.values.lines += ["with torch.no_grad():", f"    {text}.mul_(0.9)  # {comment}"]
        else:
            self.values.lines.append(f"{text}.data.mul_(0.9)  # {comment}")
