"""Are the gradients the same? Witnesses, step functions and whole programs, run both ways on real PyTorch."""

from mhlint.proof.asserting import assert_same_gradients
from mhlint.proof.static_proof import emit_test, prove_fix
from mhlint.proof.witnessing import WitnessResult, run_witness

__all__ = ["WitnessResult", "assert_same_gradients", "emit_test", "prove_fix", "run_witness"]
