"""Runs a service's main file and finds the service in it."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable

from ngoma.errors import ServiceError
from ngoma.service import Service


def load(code: str, main: str) -> Service:
    """The service of a file in a folder, whose other files it may import."""
    path = os.path.join(code, main)
    for folder in dict.fromkeys([os.path.dirname(path), code]):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    name = os.path.splitext(os.path.basename(main))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ServiceError(f"{main} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return find(vars(module).values(), main)


def find(values: Iterable[object], main: str) -> Service:
    """The one service among these."""
    services = {id(value): value for value in values if isinstance(value, Service)}
    if not services:
        raise ServiceError(f"{main} has no service: write `service = Service()` or `service = Dialogue(…)` in it")
    if len(services) > 1:
        raise ServiceError(f"{main} has {len(services)} services: leave one in it")
    return next(iter(services.values()))
