"""Small faults in a right answer, such as a slip makes them: one at a time, by its syntax tree.

A test that is worth something notices each of them, but for those that change nothing.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

SWAPPED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.MatMult: ast.Mult,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.USub: ast.UAdd,
}
FUNCTIONS = {
    "maximum": "minimum",
    "minimum": "maximum",
    "max": "min",
    "min": "max",
    "tanh": "arctan",
    "exp": "abs",
    "zeros": "ones",
    "zeros_like": "ones_like",
    "ones": "zeros",
    "ones_like": "zeros_like",
    "sum": "mean",
    "mean": "sum",
    "range": "list",
    "reversed": "list",
    "outer": "multiply",
    "sqrt": "abs",
}


@dataclass(frozen=True)
class Mutant:
    """One fault: what it is, in words that name its place, and the whole text with it."""

    what: str
    text: str


def mutants(text: str) -> Iterator[Mutant]:
    """Every fault that the operators here can make in ``text``, each once."""
    tree = ast.parse(text)
    told = {ast.unparse(tree)}
    for place, node in enumerate(ast.walk(tree)):
        for number in range(len(list(_changes(node)))):
            changed = copy.deepcopy(tree)
            twin = list(ast.walk(changed))[place]
            before, line = ast.unparse(twin), getattr(twin, "lineno", 0)
            without = list(_changes(twin))[number]()
            ast.fix_missing_locations(changed)
            made = ast.unparse(changed)
            if made in told:
                continue
            told.add(made)
            if without is not None:
                what = f"line {without.lineno}: without {ast.unparse(without).splitlines()[0]}"
            else:
                what = f"line {line}: {before} → {ast.unparse(twin)}"
            yield Mutant(what, made)


def _changes(node: ast.AST) -> Iterator[Callable[[], ast.stmt | None]]:
    """What can be done to one node, each as a function that does it.

    One that leaves out a statement returns it.
    """
    match node:
        case ast.BinOp():
            yield from _of_operation(node)
        case ast.Compare(ops=[op]) if type(op) in SWAPPED:
            yield lambda: setattr(node, "ops", [SWAPPED[type(op)]()])
        case ast.BoolOp() if type(node.op) in SWAPPED:
            yield lambda: setattr(node, "op", SWAPPED[type(node.op)]())
        case ast.UnaryOp(op=ast.USub()):
            yield lambda: setattr(node, "op", ast.UAdd())
        case ast.AugAssign() if type(node.op) in SWAPPED:
            yield lambda: setattr(node, "op", SWAPPED[type(node.op)]())
        case ast.Constant(value=bool(value)):
            yield lambda: setattr(node, "value", not value)
        case ast.Constant(value=int(value) | float(value)):
            yield lambda: setattr(node, "value", value + 1)
        case ast.Attribute(attr=name) if name in FUNCTIONS:
            yield lambda: setattr(node, "attr", FUNCTIONS[name])
        case ast.Attribute(attr="T", value=inner):
            yield lambda: _become(node, inner)
        case ast.Name(id=name) if name in FUNCTIONS:
            yield lambda: setattr(node, "id", FUNCTIONS[name])
        case ast.Tuple(elts=[_, _, *_], ctx=ast.Load()):
            yield lambda: node.elts.reverse()
        case ast.FunctionDef() | ast.For() | ast.While() | ast.If():
            yield from _without_a_statement(node)


def _of_operation(node: ast.BinOp) -> Iterator[Callable[[], None]]:
    if type(node.op) in SWAPPED:
        yield lambda: setattr(node, "op", SWAPPED[type(node.op)]())
    if isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
        # one term, or one factor, forgotten
        yield lambda: _become(node, node.left)
        yield lambda: _become(node, node.right)
    if isinstance(node.op, ast.MatMult | ast.Sub | ast.Div):
        yield lambda: node.__dict__.update(left=node.right, right=node.left)


def _become(node: ast.AST, other: ast.AST) -> None:
    node.__class__ = other.__class__
    node.__dict__ = other.__dict__


def _without_a_statement(
    node: ast.FunctionDef | ast.For | ast.While | ast.If,
) -> Iterator[Callable[[], ast.stmt]]:
    for number, statement in enumerate(node.body):
        text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not text and not isinstance(statement, ast.Pass | ast.FunctionDef):
            yield partial(_leave_out, node, number)


def _leave_out(node: ast.FunctionDef | ast.For | ast.While | ast.If, number: int) -> ast.stmt:
    left_out, node.body[number] = node.body[number], ast.Pass()
    return left_out
