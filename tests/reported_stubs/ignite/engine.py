"""A stand-in for ignite's engine: it calls a function with each batch, and handlers around it."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any


class Events(enum.Enum):
    """When handlers are called."""

    STARTED = "started"
    EPOCH_STARTED = "epoch started"
    ITERATION_STARTED = "iteration started"
    ITERATION_COMPLETED = "iteration completed"
    EPOCH_COMPLETED = "epoch completed"
    COMPLETED = "completed"


class Engine:
    """Runs `process_function(engine, batch)` over the data."""

    def __init__(self, process_function: Callable[[Any, Any], Any]) -> None:
        self.process_function = process_function
        self.handlers: list[tuple[Events, Callable[..., Any], tuple[Any, ...]]] = []

    def on(self, event: Events, *args: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def register(handler: Callable[..., Any]) -> Callable[..., Any]:
            self.add_event_handler(event, handler, *args)
            return handler

        return register

    def add_event_handler(self, event: Events, handler: Callable[..., Any], *args: Any) -> None:
        self.handlers.append((event, handler, args))

    def run(self, data: Any, max_epochs: int = 1) -> None:
        self._fire(Events.STARTED)
        for _ in range(max_epochs):
            self._fire(Events.EPOCH_STARTED)
            for batch in data:
                self._fire(Events.ITERATION_STARTED)
                self.process_function(self, batch)
                self._fire(Events.ITERATION_COMPLETED)
            self._fire(Events.EPOCH_COMPLETED)
        self._fire(Events.COMPLETED)

    def _fire(self, event: Events) -> None:
        for wanted, handler, args in self.handlers:
            if wanted is event:
                handler(self, *args)
