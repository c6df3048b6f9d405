"""The lines of a witness: the operations, walks, changes and steps of an excerpt, in order, as PyTorch code."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from mhlint.autograd.graph import Level, Node, Saved, Storage
from mhlint.autograd.trace import Backward, Clip, Detach, Event, ReadGrad, Step, Write, ZeroGrad
from mhlint.autograd.values import MissingGradient, Optimizer, Sequence, Tensor, Value, is_none
from mhlint.proof import witness_operations as forms
from mhlint.proof.witness_excerpt import Excerpt
from mhlint.proof.witness_names import Labels, Stock, digest
from mhlint.proof.witness_operations import Form
from mhlint.syntax.program import Site

_INLINE = 72


@dataclass
class Manner:
    """How an excerpt is written: with looks at the gradients; walks summed into the last; walks left out;
    boundaries left uncut, so that every walk goes on through the trunk by itself."""

    looks: bool = False
    summed: bool = False
    without_retain: bool = False
    uncut: bool = False
    left_out: frozenset[int] = frozenset()


@dataclass
class Body:
    """The lines of one version, and the names of the stock that they use, by key."""

    lines: list[str] = field(default_factory=list)
    used: dict[str, str] = field(default_factory=dict)


def write_body(excerpt: Excerpt, stock: Stock, labels: Labels, manner: Manner) -> Body:
    """Write the excerpt down; what it starts from goes into the stock."""
    stock.used, stock.local = {}, set()
    writer = _Writer(excerpt, stock, labels, manner)
    writer.run()
    return Body(writer.lines, stock.used)


class _Writer:
    def __init__(self, excerpt: Excerpt, stock: Stock, labels: Labels, manner: Manner) -> None:
        self.excerpt, self.stock, self.labels, self.manner = excerpt, stock, labels, manner
        self.level = excerpt.level
        self.lines: list[str] = []
        self.forms: dict[Node | Tensor, Form] = {}
        self.keys: dict[Node | Tensor, str] = {}
        self.counts: Counter[str] = Counter()
        self.modules: dict[Tensor, tuple[str, str, str]] = {}
        self.optimizers: dict[object, str] = {}
        self.in_place = in_place_nodes(excerpt)
        self.owners = _owners(excerpt, self.in_place)
        self.leaf_of = {t.storage: t for node in excerpt.nodes for t, _ in node.inputs if isinstance(t, Tensor)}
        self.cut_storages = {
            event.result.storage for event in excerpt.trace.of(Detach) if event.result.requires_grad is False
        }
        self.main = excerpt.events[-1].site.program
        self.roots = {event: self._roots(event) for event in excerpt.events if isinstance(event, Backward)}
        self.cuts = {event.result: event for event in excerpt.events if isinstance(event, Detach)}
        self.scalars = self._scalars()
        self.seen_through = self._seen_through()
        self.uses = Counter(
            target for node in excerpt.nodes if node not in self.seen_through for target in self._shown_inputs(node)
        )
        named: set[Node | Tensor] = {root for roots in self.roots.values() for root in roots}
        named |= {event.tensor.node for event in self.cuts.values() if event.tensor.node is not None}
        named |= {node for nodes in self.owners.values() for node in nodes if self._is_written(node)}
        self.named = {self.seen_through.get(node, node) for node in named}
        self.pending: list[tuple[str, Backward]] = []

    def run(self) -> None:
        self._leaves()
        for index, event in enumerate(self.excerpt.events):
            self._nodes(index)
            self._event(event)
        self._nodes(len(self.excerpt.events))
        self._flush()

    # -- what there is ------------------------------------------------------------------------------

    def _inputs(self, node: Node) -> list[Node | Tensor]:
        found: list[Node | Tensor] = []
        for target, edge in node.inputs:
            if edge < self.level or (isinstance(target, Node) and target.sure < self.level):
                continue
            found.append(target)
        return found

    def _shown_inputs(self, node: Node | Tensor) -> list[Node | Tensor]:
        found = self._inputs(node) if isinstance(node, Node) else []
        return [self.seen_through.get(target, target) for target in found]

    def _seen_through(self) -> dict[Node | Tensor, Node | Tensor]:
        """The nodes that keep nothing and pass one value on, each with what makes that value."""
        found: dict[Node | Tensor, Node | Tensor] = {}
        for node in self.excerpt.nodes:
            inputs = self._inputs(node)
            plain = not forms.keeps(node) and node not in self.in_place and forms.short(node.op) != "unary -"
            if len(inputs) == 1 and plain and node not in self.scalars and not forms.is_module(node, _tensors(inputs)):
                found[node] = found.get(inputs[0], inputs[0])
        return found

    def _roots(self, event: Backward) -> list[Node | Tensor]:
        walked = event.walk.nodes
        found: list[Node | Tensor] = []
        for root in event.roots:
            if root.node is not None and walked.get(root.node, Level.NO) >= self.level:
                found.append(root.node)
            elif root.node is None and root.requires_grad:
                found.append(root)
        if found or not walked:
            return found
        inner = {target for node in walked for target, _ in node.inputs}
        return [node for node in event.walk.in_engine_order() if node not in inner and walked[node] >= self.level]

    def _scalars(self) -> dict[Node | Tensor, bool]:
        wanted: dict[Node | Tensor, bool] = {}
        for event, roots in self.roots.items():
            failure = event.failure
            if failure is not None and failure.kind in ("non-scalar", "no-gradient"):
                wanted.update(dict.fromkeys(roots, False))
            elif event.gradient is None or is_none(event.gradient):
                for root in roots:
                    wanted.setdefault(root, True)
        return wanted

    def _is_written(self, node: Node) -> bool:
        written = {e.tensor.storage for e in self.excerpt.events if isinstance(e, Write)}
        return any(storage in written and node in nodes for storage, nodes in self.owners.items())

    # -- leaves -------------------------------------------------------------------------------------

    def _leaves(self) -> None:
        for node in self.excerpt.nodes:
            own = [t for t in self._inputs(node) if isinstance(t, Tensor) and t.parameter and t not in self.cuts]
            if forms.is_module(node, own) and not any(one in self.modules for one in own):
                wish = self._label(own[0]) or own[0].name.partition("'s ")[0] or "module"
                made = forms.module_for(node, own)
                key = self._count("module", wish, made)
                site = own[0].site
                name = self.stock.name(key, wish, made, self._comment(site) if site is not None else "")
                for one in own:
                    self.modules[one] = (name, made, key)
        for node in self.excerpt.nodes:
            for target in self._inputs(node):
                if isinstance(target, Tensor) and target not in self.cuts:
                    self._leaf(target)

    def _label(self, tensor: Tensor) -> str:
        return self.labels.of_maker(tensor.site) if tensor.site is not None else ""

    def _leaf(self, tensor: Tensor) -> Form:
        if tensor in self.forms:
            return self.forms[tensor]
        if tensor in self.modules:
            name, made, key = self.modules[tensor]
            part = forms.part_of(made, tensor.name)
            text = f"{name}{part}" if part.startswith("[") else f"{name}.{part}"
            self.keys[tensor] = f"{key}.{tensor.name}"
        else:
            wish = self._label(tensor) or tensor.name or "leaf"
            key = self._count("leaf", wish, tensor.name)
            comment = self._comment(tensor.site) if tensor.site is not None else ""
            text = self.stock.name(key, wish, "torch.randn(4, 4, requires_grad=True)", comment)
            self.keys[tensor] = key
        self.forms[tensor] = Form(text)
        return self.forms[tensor]

    def _count(self, *parts: str) -> str:
        word = digest(*parts)
        self.counts[word] += 1
        return f"{word}.{self.counts[word]}"

    def _data(self, key: str, saved: list[Saved], wish: str, op: str) -> str:
        """A constant that an operation works on; the one that is changed later, where one is."""
        for one in saved:
            writes = [e for e in self.excerpt.events if isinstance(e, Write) and e.tensor.storage is one.storage]
            if writes and one.storage not in self.owners:
                return self._stored(one.storage, writes[0].tensor)
            cut = next((n for n in self.owners.get(one.storage, []) if n in self.forms), None)
            if wish == "x" and cut is not None and one.storage in self.cut_storages:
                return f"{self.forms[cut].text}.detach()"
        return self.stock.name(f"data of {key}", wish, "torch.randn(4, 4)", kind=f"{wish} {op}")

    def _changed_data(self, node: Node) -> list[Form]:
        """Tensors without a graph that a node keeps and that are changed later."""
        written = {e.tensor.storage: e.tensor for e in self.excerpt.events if isinstance(e, Write)}
        return [
            Form(self._stored(one.storage, written[one.storage]))
            for one in node.saved
            if one.storage in written and one.storage not in self.owners
            and self.leaf_of.get(one.storage) is None and forms.keeps(node)
        ]  # fmt: skip

    def _stored(self, storage: Storage, tensor: Tensor) -> str:
        wish = tensor.name or self._label(tensor) or "data"
        return self.stock.name(f"storage {id(storage)}", wish, "torch.randn(4, 4)")

    # -- operations ---------------------------------------------------------------------------------

    def _nodes(self, index: int) -> None:
        for node in self.excerpt.made_before(index):
            self._node(node)

    def _value(self, target: Node | Tensor) -> Form:
        if target in self.forms:
            return self.forms[target]
        if isinstance(target, Tensor):
            return self._leaf(target)
        return self._fresh(target)

    def _fresh(self, node: Node) -> Form:
        name = self.stock.name(self._count("lost", node.op), "leaf", "torch.randn(4, 4, requires_grad=True)")
        self.forms[node] = Form(name)
        self.keys[node] = name
        return self.forms[node]

    def _node(self, node: Node) -> None:
        inputs = self._inputs(node)
        if not inputs:
            self._fresh(node)
            return
        if node in self.seen_through:
            self.forms[node] = self._value(inputs[0])
            self.keys[node] = self.keys[inputs[0]]
            return
        own = [t for t in inputs if isinstance(t, Tensor) and t in self.modules]
        module = self.modules[own[0]] if forms.is_module(node, own) and own else None
        others = [t for t in inputs if module is None or t not in self.modules or self.modules[t][2] != module[2]]
        values = [self._value(target) for target in others]
        for target in inputs:
            self._value(target)
        key = self._count(forms.short(node.op), *(self.keys[target] for target in inputs))
        self.keys[node] = key
        scalar = self.scalars.get(node)
        if module is not None:
            made = self._module(node, module, values, key)
        else:
            method = self.in_place.get(node)
            if method and self._changes(node, inputs):
                self._in_place(node, inputs, values, method)
                return
            wish = "target" if forms.is_loss(node) else "data"
            data = self._data(key, node.saved, wish, node.op) if self._needs_data(node, values) else ""
            changed = self._changed_data(node) if not data else []
            values += changed
            kept = any(s.storage in self.owners and self._made_below(node, s.storage) for s in node.saved)
            made = forms.expression(node, values, data, input_kept=kept or bool(changed), scalar=scalar)
        if module is not None and scalar and not made.scalar:
            made = Form(f"{made.text}.mean()", True)
        self._keep(node, inputs, values, made)

    def _keep(self, node: Node, inputs: list[Node | Tensor], values: list[Form], made: Form) -> None:
        """Give a value a name, or let it stand inside the one expression that uses it."""
        alias = len(values) == 1 and made == values[0] and node not in self.named
        wish = self.labels.of_value(node.site)
        users = [
            other for other in self.excerpt.nodes
            if other not in self.seen_through and node in self._shown_inputs(other)
        ]  # fmt: skip
        inline = (
            node not in self.named
            and len(users) == 1
            and self.uses[node] == 1
            and self.excerpt.position[users[0]] == self.excerpt.position[node]
            and len(made.text) < _INLINE
            and users[0] not in self.in_place
            and (not wish or len(self.excerpt.nodes) > 6 or users[0].site == node.site)
        )
        if alias or inline:
            text = made.text if alias or not _loose(made.text) else f"({made.text})"
            self.forms[node] = Form(text, made.scalar)
            return
        name = self._free(wish or ("loss" if made.scalar else "h"))
        self.lines.append(f"{name} = {made.text}  # {self._comment(node.site)}")
        self.forms[node] = Form(name, made.scalar)

    def _free(self, wish: str) -> str:
        return self.stock.free_local(wish if wish.isascii() and any(letter.isalpha() for letter in wish) else "h")

    def _module(self, node: Node, module: tuple[str, str, str], values: list[Form], key: str) -> Form:
        name, constructor, _ = module
        if not values:
            value = Form(self._data(key, node.saved, "x", node.op)) if constructor != "nn.Embedding(4, 4)" else Form("")
        elif len(values) == 1:
            value = values[0]
        else:
            value = Form(" + ".join(one.text for one in values), all(one.scalar for one in values))
            value = Form(f"({value.text})", True) if value.scalar else value
        return Form(forms.call_module(constructor, name, value))

    def _needs_data(self, node: Node, values: list[Form]) -> bool:
        name = forms.short(node.op)
        if not forms.keeps(node) or len(values) != 1:
            return False
        product = name in ("*", "mul") and bool(node.saved)
        return product or forms.is_loss(node) or name in ("@", "matmul", "mm", "bmm", "einsum")

    def _made_below(self, node: Node, storage: Storage) -> bool:
        below = {target for target in self._inputs(node) if isinstance(target, Node)}
        return any(owner in below for owner in self.owners[storage])

    def _changes(self, node: Node, inputs: list[Node | Tensor]) -> bool:
        """Is the first input what the operation changes? Else a tensor without a graph took part."""
        first = inputs[0]
        if not isinstance(first, Node):
            return False
        return any(node in nodes and first in nodes for nodes in self.owners.values())

    def _in_place(self, node: Node, inputs: list[Node | Tensor], values: list[Form], method: str) -> None:
        name, rest = values[0].text, values[1:]
        operand = "" if method == "tanh_" else rest[0].text if rest else "0.5"
        self.lines.append(f"{name}.{method}({operand})  # {self._comment(node.site)}")
        scalar = self.scalars.get(node)
        self.forms[node] = values[0]
        if scalar and not values[0].scalar:
            total = self._free("total")
            self.lines.append(f"{total} = {name}.mean()")
            self.forms[node] = Form(total, True)

    # -- events -------------------------------------------------------------------------------------

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
        elif isinstance(event, ReadGrad) and self.manner.looks and event.tensor in self.forms:
            if event.tensor not in self.cuts and event.tensor.node is None:
                self.lines.append(f"look()  # {self._comment(event.site)}")

    def _walk(self, event: Backward) -> None:
        texts = [self._value(root).text for root in self.roots[event]]
        if not texts:
            return
        comment = self._comment(event.site)
        retain = event.retains is not False and not self.manner.without_retain
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
        targets = [self.forms[t].text for t in event.inputs or () if t in self.forms]
        flags += [f"inputs=[{', '.join(targets)}]"] if targets else []
        if len(texts) == 1 and not (event.api == "autograd.backward" and len(event.roots) > 1):
            given = [f"gradient={gradients[0]}"] if gradients else []
            owner = f"({texts[0]})" if _loose(texts[0]) else texts[0]
            self.lines.append(f"{owner}.backward({', '.join(given + flags)})  # {comment}")
            return
        given = [f"[{', '.join(texts)}]", *([f"[{', '.join(gradients)}]"] if gradients else []), *flags]
        self.lines.append(f"torch.autograd.backward({', '.join(given)})  # {comment}")

    def _gradients(self, event: Backward, texts: list[str]) -> list[str]:
        given = event.gradient
        items: list[Value | None] = list(given.items) if isinstance(given, Sequence) else [given] * len(texts)
        return [self._gradient(item, text) for item, text in zip(items, texts, strict=False)]

    def _gradient(self, item: Value | None, text: str) -> str:
        source = item.grad_of if isinstance(item, Tensor) else None
        if isinstance(item, MissingGradient):
            source = item.tensor
        if source is not None:
            target: Node | Tensor = source.node if source.node is not None else source
            if target in self.forms:
                return f"{self.forms[target].text}.grad"
        return "None" if is_none(item) else f"torch.ones_like({text})"

    def _grad(self, event: Backward, texts: list[str], gradients: list[str], flags: list[str], comment: str) -> None:
        found: list[str] = []
        for tensor in event.inputs or tuple(event.walk.leaves):
            target: Node | Tensor = tensor.node if tensor.node is not None else tensor
            if target in self.forms and (tensor.node is not None or tensor in event.walk.leaves):
                found.append(self.forms[target].text)
        if not found:
            return
        outputs = f"[{', '.join(texts)}]" if len(texts) > 1 else texts[0]
        given = [f"grad_outputs=[{', '.join(gradients)}]"] if gradients else []
        parts = [outputs, f"[{', '.join(dict.fromkeys(found))}]", *given, *flags, "allow_unused=True"]
        self.lines.append(f"torch.autograd.grad({', '.join(parts)})  # {comment}")

    def _flush(self) -> None:
        """Make the walks that wait, as one walk of their sum."""
        if self.pending:
            rows = ", ".join(str(event.site.row) for _, event in self.pending)
            total = " + ".join(text for text, _ in self.pending)
            self.lines.append(f"({total}).backward()  # the walks of line {rows} as one")
            self.pending = []

    def _cut(self, event: Detach) -> None:
        node = event.tensor.node
        target: Node | Tensor = node if node is not None and node in self.forms else event.tensor
        if target not in self.forms:
            if event.result.requires_grad:
                self._leaf(event.result)
            return
        self.keys[event.result] = self.keys[target]
        if self.manner.uncut and event.result.requires_grad:
            self.forms[event.result] = self.forms[target]
            return
        name = self._free(self.labels.of_maker(event.site) or "d")
        flag = ".requires_grad_()" if event.result.requires_grad else ""
        self.lines.append(f"{name} = {self.forms[target].text}.detach(){flag}  # {self._comment(event.site)}")
        self.forms[event.result] = Form(name, self.forms[target].scalar)

    def _parameters(self, tensors: list[Tensor]) -> list[str]:
        found: list[str] = []
        for tensor in tensors:
            if tensor in self.modules:
                found.append(f"*{self.modules[tensor][0]}.parameters()")
            elif tensor in self.forms and tensor.node is None and tensor not in self.cuts:
                found.append(self.forms[tensor].text)
        return list(dict.fromkeys(found))

    def _step(self, event: Step) -> None:
        held = list(event.optimizer.parameters) if event.optimizer is not None else []
        found = self._parameters([*held, *event.changed])
        if not found:
            return
        if self.manner.looks:
            self.lines.append("look()")
        key: object = event.optimizer if event.optimizer is not None else "optimizer"
        if key not in self.optimizers:
            self.optimizers[key] = name = self._free("optimizer")
            fused = ", fused=True" if isinstance(key, Optimizer) and key.fused else ""
            self.lines.append(f"{name} = torch.optim.SGD([{', '.join(found)}], lr=0.1{fused})")
        self.lines.append(f"{self.optimizers[key]}.step()  # {self._comment(event.site)}")

    def _clear(self, event: ZeroGrad) -> None:
        found = [t for t in event.tensors if t in self.forms]
        names = [part.removeprefix("*").removesuffix(".parameters()") for part in self._parameters(list(found))]
        cuts = [self.forms[t].text for t in found if t in self.cuts]
        modules = {name for name, _, _ in self.modules.values()}
        if not names and not cuts:
            return
        if self.manner.looks:
            self.lines.append("look()")
        comment = self._comment(event.site)
        for name in names:
            self.lines.append(f"{name}.zero_grad()" if name in modules else f"{name}.grad = None")
            self.lines[-1] += f"  # {comment}"
        self.lines += [f"{name}.grad = None  # {comment}" for name in cuts]

    def _clip(self, event: Clip) -> None:
        found = self._parameters([t for t in event.tensors if t in self.forms])
        if found:
            self._flush()
            comment = self._comment(event.site)
            self.lines.append(f"torch.nn.utils.clip_grad_norm_([{', '.join(found)}], 0.01)  # {comment}")

    def _write(self, event: Write) -> None:
        storage = event.tensor.storage
        if any(n in self.in_place and n.site.place == event.site.place for n in self.owners.get(storage, [])):
            return  # The node that the change leaves writes it.
        owners = [node for node in self.owners.get(storage, []) if node in self.forms]
        if owners:
            text = self.forms[owners[-1]].text
        elif event.tensor in self.forms:
            text = self.forms[event.tensor].text
        elif any(saved.storage is storage for node in self.excerpt.nodes for saved in node.saved):
            text = self._stored(storage, event.tensor)
        else:
            return
        comment = self._comment(event.site)
        if event.change.seen:
            self.lines += ["with torch.no_grad():", f"    {text}.mul_(0.9)  # {comment}"]
        else:
            self.lines.append(f"{text}.data.mul_(0.9)  # {comment}")

    def _comment(self, site: Site) -> str:
        where = f"line {site.row}"
        if site.program is not self.main:
            where += f" of {site.program.source.path.rpartition('/')[2]}"
        return f"{where}: {site.program.text(site.node)}".replace("\n", " ")


def _tensors(found: list[Node | Tensor]) -> list[Tensor]:
    return [one for one in found if isinstance(one, Tensor)]


def _loose(text: str) -> bool:
    """Does an expression need brackets before a dot, or inside a product?"""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter in "([" and 1) or (letter in ")]" and -1) or 0
        if depth == 0 and letter in "+-*/" and (letter != "-" or place == 0 or text[place - 1] == " "):
            return True
    return False


def in_place_nodes(excerpt: Excerpt) -> dict[Node, str]:
    """The operations that change their first input, by their names or because that was seen; each with a method."""
    found = {node: method for node in excerpt.nodes if (method := forms.in_place_method(node))}
    written = {(event.site, event.turn) for event in excerpt.trace.of(Write)}
    for node in excerpt.nodes:
        if node not in found and (node.site, node.turn) in written and forms.works_in_place(node):
            found[node] = forms.method_in_place_of(node)
    return found


def _owners(excerpt: Excerpt, in_place: dict[Node, str]) -> dict[Storage, list[Node]]:
    """The nodes whose results live in a storage that something looked at, first maker first."""
    found: dict[Storage, list[Node]] = {}
    nodes = set(excerpt.nodes)
    seen: list[Tensor] = []
    for event in excerpt.trace.events:
        if isinstance(event, (Write, Detach)):
            seen.append(event.tensor)
        elif isinstance(event, Backward):
            seen += event.roots
    for tensor in seen:
        node = tensor.node
        chain: list[Node] = []
        while node is not None and node not in chain:
            chain.append(node)
            below = node.inputs[0][0] if node.inputs and node in in_place else None
            node = below if isinstance(below, Node) else None
        kept = found.setdefault(tensor.storage, [])
        kept += [one for one in reversed(chain) if one in nodes and one not in kept]
    return {storage: kept for storage, kept in found.items() if kept}
