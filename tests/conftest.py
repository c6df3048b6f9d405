"""Options of the test run: the device that programs train on, and whether kept results are written anew."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--device",
        choices=("cpu", "cuda"),
        default="cpu",
        help="where the tests that compare gradients run (default: cpu)",
    )
    parser.addoption(
        "--update",
        action="store_true",
        help="write the fixtures' *.fixed.py and the README's table of rules anew; read the difference",
    )


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> str:
    """The device of --device; a test that asks for it is skipped where torch has no such device."""
    torch = pytest.importorskip("torch")
    name = str(request.config.getoption("--device"))
    if name == "cuda" and not torch.cuda.is_available():
        pytest.skip("--device cuda: this machine has no CUDA device that torch can use")
    return name
