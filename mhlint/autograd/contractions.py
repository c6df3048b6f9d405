"""`einsum`: which operands its node keeps as they are, and not as copies."""

from __future__ import annotations

from mhlint.autograd.graph import Level


def keeps_operands(equation: str) -> list[Level]:
    """For a contraction of two tensors, how sure each is to be kept itself, if the other requires grad.

    torch multiplies them as matrices: what is summed in one alone is summed first, and several dimensions that become
    one are copied where they do not lie one behind the other.
    """
    given, arrow, out = equation.replace(" ", "").partition("->")
    parts = given.split(",")
    if len(parts) != 2 or not arrow or not all(part.isalpha() and len(set(part)) == len(part) for part in parts):
        return [Level.MAYBE] * len(parts)
    left, right = parts
    elementwise = all(name in out for name in left + right)
    levels: list[Level] = []
    for own, other in ((left, right), (right, left)):
        alone = any(name not in other and name not in out for name in own)
        summed = sum(name in other and name not in out for name in own)
        batch = sum(name in other and name in out for name in own)
        free = sum(name not in other for name in own)
        single = elementwise or max(summed, batch, free) <= 1
        levels.append(Level.CERTAIN if single and not alone else Level.MAYBE)
    return levels
