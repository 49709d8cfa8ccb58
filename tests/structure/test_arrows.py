"""The house rules that a reader relies on, read from the imports and the syntax of every module."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("arrows")  # in one process every module is read once
ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("config", "connections", "payments", "webhooks", "backoffice")
# Who may import whom: backoffice -> webhooks -> payments -> connections -> connections.gateways.
ALLOWED = {
    "connections": {"connections", "config"},
    "payments": {"payments", "connections", "config"},
    "webhooks": {"webhooks", "payments", "connections", "config"},
    "backoffice": {"backoffice", "webhooks", "payments", "connections", "config"},
}
# Inside an app: models <- transitions <- services <- tasks <- (admin, staff, public, api, views).
LAYERS = ("models", "transitions", "services", "tasks", "pages")
PAGES = ("admin", "staff", "public", "api", "views", "forms", "panel")
HTTP_DOORS = {"connections/gateways/http.py"}
CLOCK = {"config/clock.py"}
STATUS_WRITER = {"payments/transitions.py"}


def modules(*rooms: str) -> Iterator[tuple[str, ast.Module]]:
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), _tree(path)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(tree: ast.Module) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree))


@cache
def imports(tree: ast.Module) -> tuple[str, ...]:
    return tuple(_imports(tree))


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(module: str) -> int | None:
    """The layer a dotted name or path of an app lies in; None for what every layer may use."""
    parts = module.replace("/", ".").removesuffix(".py").split(".")
    if len(parts) < 2:
        return None
    name = "pages" if parts[1] in PAGES else parts[1]
    return LAYERS.index(name) if name in LAYERS else None


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_rooms_import_only_downwards(room: str) -> None:
    forbidden = {other for other in (*ROOMS, "simulator", "tests") if other not in ALLOWED[room]}
    wrong = [
        f"{path} imports {name}"
        for path, tree in modules(room)
        for name in imports(tree)
        if name.split(".")[0] in forbidden
    ]
    assert wrong == []


def test_config_names_apps_only_where_it_wires_them() -> None:
    wiring = {"config/urls.py", "config/celery.py"}
    wrong = [
        f"{path} imports {name}"
        for path, tree in modules("config")
        for name in imports(tree)
        if path not in wiring and name.split(".")[0] in ALLOWED
    ]
    assert wrong == []


def test_gateways_are_pure_python() -> None:
    wrong = [
        f"{path} imports {name}"
        for path, tree in modules("connections/gateways")
        for name in imports(tree)
        if name.split(".")[0] in ("django", "config", "celery", *ALLOWED)
        and not name.startswith("connections.gateways")
        and name != "connections"
    ]
    assert wrong == []


def test_layers_import_only_downwards_inside_an_app() -> None:
    wrong = []
    for app in ALLOWED:
        for path, tree in modules(app):
            own = layer(path)
            for name in imports(tree):
                other = layer(name) if name.split(".")[0] == app else None
                if own is not None and other is not None and other > own:
                    wrong.append(f"{path} imports {name}")
    assert wrong == []


def test_simulator_and_apps_do_not_know_each_other() -> None:
    apps_to_simulator = [
        path for path, tree in modules(*ROOMS) for name in imports(tree) if name.split(".")[0] == "simulator"
    ]
    simulator_to_apps = [
        path for path, tree in modules("simulator") for name in imports(tree) if name.split(".")[0] in ROOMS
    ]
    assert apps_to_simulator == [] and simulator_to_apps == []


def test_http_leaves_by_one_door() -> None:
    clients = {"requests", "httpx", "aiohttp", "urllib.request"}
    found = [(path, name) for path, tree in modules(*ROOMS) for name in imports(tree)]
    users = {path for path, name in found if name in clients or name.split(".")[0] in clients}
    # deadline.py is the lock of that door; the clock asks the simulator, never with a credential.
    raw = {path for path, tree in modules(*ROOMS) for name in imports(tree) if name.startswith("http.client")}
    assert users == HTTP_DOORS
    assert raw <= CLOCK | {"connections/gateways/deadline.py"}


def test_there_is_one_clock() -> None:
    wrong = []
    for path, tree in modules(*ROOMS):
        for node in nodes(tree):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in ("datetime.now", "datetime.utcnow", "date.today", "timezone.now", "time.time"):
                wrong.append((path, called))
    assert {path for path, _call in wrong} <= CLOCK


def _writes_status(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(ast.unparse(target) in ("charge.status", "self.charge.status") for target in targets)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    names = {keyword.arg for keyword in node.keywords}
    text = ast.unparse(node.func)
    on_charges = "Charge.objects" in text or "charges" in text or text.startswith("guarded")
    return on_charges and node.func.attr in ("update", "create", "update_or_create") and "status" in names


def test_a_charge_status_has_one_writer() -> None:
    writers = {path for path, tree in modules(*ROOMS) for node in nodes(tree) if _writes_status(node)}
    assert writers == STATUS_WRITER


def test_functions_stay_small() -> None:
    long = []
    for path, tree in modules(*ROOMS):
        for node in nodes(tree):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > 50:
                long.append(f"{path} {node.name}")
    assert long == []


def test_modules_stay_small() -> None:
    long = [
        path
        for path, _tree in modules(*ROOMS, "simulator")
        if len((ROOT / path).read_text(encoding="utf-8").splitlines()) > 400
    ]
    assert long == []
