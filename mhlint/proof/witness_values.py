"""The values of a witness: modules, leaves and data by name, and the lines of the operations on them."""

from __future__ import annotations

from collections import Counter

from mhlint.autograd.graph import Level, Node, Saved, Storage
from mhlint.autograd.trace import Write
from mhlint.autograd.values import Tensor
from mhlint.proof import witness_operations as forms
from mhlint.proof.witness_names import Labels, Stock, digest
from mhlint.proof.witness_operations import Form
from mhlint.proof.witness_reading import Reading, Target, tensors
from mhlint.syntax.program import Site

_INLINE = 72


class Values:
    """How each value of one version is written: `forms` has its text, `keys` what it is made of, in a word.

    `modules` has the name, the constructor and the key of the module that a parameter belongs to; `lines` are
    the lines so far, which whoever writes walks and steps adds to.
    """

    def __init__(self, reading: Reading, stock: Stock, labels: Labels) -> None:
        self.reading, self.excerpt, self.stock, self.labels = reading, reading.excerpt, stock, labels
        self.lines: list[str] = []
        self.forms: dict[Target, Form] = {}
        self.keys: dict[Target, str] = {}
        self.counts: Counter[str] = Counter()
        self.data: dict[str, list[Storage]] = {}
        self.modules: dict[Tensor, tuple[str, str, str]] = {}
        self.main = self.excerpt.events[-1].site.program

    def leaves(self) -> None:
        """Name the modules, then the leaves that the operations work on."""
        for node in self.excerpt.nodes:
            leaves = [t for t in tensors(self.reading.inputs(node)) if t not in self.reading.cuts]
            own = [leaf for leaf in leaves if leaf.parameter]
            if forms.is_module(node, own) and not any(one in self.modules for one in own):
                wish = self._label(own[0]) or own[0].name.partition("'s ")[0] or "module"
                made = forms.module_for(node, own)
                key = self._count("module", wish, made)
                site = own[0].site
                name = self.stock.name(key, wish, made, self.comment(site) if site is not None else "")
                for one in own:
                    self.modules[one] = (name, made, key)
        for node in self.excerpt.nodes:
            for leaf in tensors(self.reading.inputs(node)):
                if leaf not in self.reading.cuts:
                    self.leaf(leaf)

    def _label(self, tensor: Tensor) -> str:
        return self.labels.of_maker(tensor.site) if tensor.site is not None else ""

    def leaf(self, tensor: Tensor) -> Form:
        """A leaf's text: a module's parameter, or a tensor of the stock."""
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
            comment = self.comment(tensor.site) if tensor.site is not None else ""
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
            if writes and one.storage not in self.reading.owners:
                return self.stored(one.storage, writes[0].tensor)
            cut = next((n for n in self.reading.owners.get(one.storage, []) if n in self.forms), None)
            if wish == "x" and cut is not None and one.storage in self.reading.cut_storages:
                return f"{self.forms[cut].text}.detach()"
        return self.stock.name(f"data of {key}", wish, "torch.randn(4, 4)", kind=f"{wish} {op}")

    def _key(self, node: Node, inputs: list[Target], *, on_data: bool) -> str:
        """What a node is made of: two with one key work on the same things.

        What is no part of the graph is known by its storage, the first that this operation on these inputs met, the
        second, ...: so each version knows it by the same number, however often it runs the operation on it.
        """
        word = digest(forms.short(node.op), *(self.keys[target] for target in inputs))
        if not on_data:
            return word
        reading = self.reading
        kept = [one.storage for one in node.saved if one.storage not in reading.owners]
        kept = [storage for storage in kept if storage not in reading.leaf_of]
        met = self.data.setdefault(word, [])
        if not kept or kept[-1] not in met:
            met.append(kept[-1] if kept else Storage())
        return f"{word}.{met.index(kept[-1]) + 1 if kept else len(met)}"

    def _changed_data(self, node: Node) -> list[Form]:
        """Tensors without a graph that a node keeps and that are changed later."""
        written = self.reading.written
        return [
            Form(self.stored(one.storage, written[one.storage]))
            for one in node.saved
            if one.storage in written and one.storage not in self.reading.owners
            and self.reading.leaf_of.get(one.storage) is None and forms.keeps(node)
        ]  # fmt: skip

    def stored(self, storage: Storage, tensor: Tensor) -> str:
        """The name of the data that a storage holds."""
        wish = tensor.name or self._label(tensor) or "data"
        return self.stock.name(f"storage {id(storage)}", wish, "torch.randn(4, 4)")

    def made_before(self, index: int) -> None:
        """Write the operations between the event before and event number `index`."""
        for node in self.excerpt.made_before(index):
            self._node(node)

    def value(self, target: Target) -> Form:
        """How a value is written; one that nothing made is a leaf of its own."""
        if target in self.forms:
            return self.forms[target]
        if isinstance(target, Tensor):
            return self.leaf(target)
        return self._fresh(target)

    def _fresh(self, node: Node) -> Form:
        name = self.stock.name(self._count("lost", node.op), "leaf", "torch.randn(4, 4, requires_grad=True)")
        self.forms[node] = Form(name)
        self.keys[node] = name
        return self.forms[node]

    def _node(self, node: Node) -> None:
        inputs = self.reading.inputs(node)
        if not inputs:
            self._fresh(node)
            return
        if node in self.reading.seen_through:
            self.forms[node] = self.value(inputs[0])
            self.keys[node] = self.keys[inputs[0]]
            return
        own = [t for t in inputs if isinstance(t, Tensor) and t in self.modules]
        module = self.modules[own[0]] if forms.is_module(node, own) and own else None
        others = [t for t in inputs if module is None or t not in self.modules or self.modules[t][2] != module[2]]
        values = [self.value(target) for target in others]
        for target in inputs:
            self.value(target)
        on_data = not values if module is not None else self._needs_data(node, values)
        key = self.keys[node] = self._key(node, inputs, on_data=on_data)
        scalar = self.reading.scalars.get(node)
        if module is not None:
            made = self._module(node, module, values, key)
        else:
            method = self.reading.in_place.get(node)
            if method and self.reading.changes_its_input(node):
                self._in_place(node, inputs, values, method)
                return
            wish = "target" if forms.is_loss(node) else "data"
            data = self._data(key, node.saved, wish, node.op) if on_data else ""
            changed = self._changed_data(node) if not data else []
            values += changed
            kept = bool(changed) or any(self.reading.made_below(node, one.storage) for one in node.saved)
            made = forms.expression(node, values, data, input_kept=kept, scalar=scalar)
        if module is not None and scalar and not made.scalar:
            made = Form(f"{made.text}.mean()", True)
        self._keep(node, inputs, values, made)

    def _keep(self, node: Node, inputs: list[Target], values: list[Form], made: Form) -> None:
        """Give a value a name, or let it stand inside the one expression that uses it."""
        alias = len(values) == 1 and made == values[0] and node not in self.reading.named
        wish = self.labels.of_value(node.site)
        users = self.reading.users(node)
        inline = (
            node not in self.reading.named
            and len(users) == 1
            and self.reading.uses[node] == 1
            and self.excerpt.position[users[0]] == self.excerpt.position[node]
            and len(made.text) < _INLINE
            and users[0] not in self.reading.in_place
            and (not wish or len(self.excerpt.nodes) > 6 or users[0].site == node.site)
        )
        if alias or inline:
            text = made.text if alias or not needs_brackets(made.text) else f"({made.text})"
            self.forms[node] = Form(text, made.scalar)
            return
        name = self.free(wish or ("loss" if made.scalar else "h"))
        self.lines.append(f"{name} = {made.text}  # {self.comment(node.site)}")
        self.forms[node] = Form(name, made.scalar)

    def free(self, wish: str) -> str:
        """A free name for a variable of this version."""
        return self.stock.free_local(wish if wish.isascii() and any(letter.isalpha() for letter in wish) else "h")

    def _module(self, node: Node, module: tuple[str, str, str], values: list[Form], key: str) -> Form:
        name, constructor, _ = module
        if not values:
            value = Form(self._data(key, node.saved, "x", node.op)) if constructor != "nn.Embedding(4, 4)" else Form("")
        elif len(values) == 1:
            value = values[0]
        else:
            # A recurrent cell keeps its inputs apart, and so does a product; of a sum only itself is kept.
            apart = any(one.storage in self.reading.owners for one in node.saved)
            text = (" * " if apart else " + ").join(one.text for one in values)
            value = Form(text, all(one.scalar for one in values))
            value = Form(f"({value.text})", True) if value.scalar else value
        return Form(forms.call_module(constructor, name, value))

    def _needs_data(self, node: Node, values: list[Form]) -> bool:
        name = forms.short(node.op)
        if not forms.keeps(node) or len(values) != 1:
            return False
        product = name in ("*", "mul") and bool(node.saved)
        return product or forms.is_loss(node) or name in ("@", "matmul", "mm", "bmm", "einsum")

    def _in_place(self, node: Node, inputs: list[Target], values: list[Form], method: str) -> None:
        name, rest = values[0].text, values[1:]
        operand = "" if method == "tanh_" else rest[0].text if rest else "0.5"
        if not rest and forms.scales(node) and self._keeps_what_it_changes(node, inputs[0]):
            operand = f"{name}.detach()"
        if rest and operand and values[0].scalar and not rest[0].scalar:
            operand = f"({operand}).mean()"
        self.lines.append(f"{name}.{method}({operand})  # {self.comment(node.site)}")
        scalar = self.reading.scalars.get(node)
        self.forms[node] = values[0]
        if scalar and not values[0].scalar:
            total = self.free("total")
            self.lines.append(f"{total} = {name}.mean()")
            self.forms[node] = Form(total, True)

    def _keeps_what_it_changes(self, node: Node, changed: Target) -> bool:
        """Is the operand in the memory that an operation changes: `h.div_(h.detach())`?"""
        kept = [one.storage for one in node.saved if one.level >= Level.LIKELY]
        return any(changed in self.reading.owners.get(storage, ()) for storage in kept)

    def comment(self, site: Site) -> str:
        """Where in the user's source a line comes from."""
        where = f"line {site.row}"
        if site.program is not self.main:
            where += f" of {site.program.source.path.rpartition('/')[2]}"
        return f"{where}: {site.program.text(site.node)}".replace("\n", " ")


def needs_brackets(text: str) -> bool:
    """Does an expression need brackets before a dot, or inside a product?"""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter in "([" and 1) or (letter in ")]" and -1) or 0
        if depth == 0 and letter in "+-*/" and (letter != "-" or place == 0 or text[place - 1] == " "):
            return True
    return False
